import {
  defineSearchAttributeKey,
  SearchAttributeType,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common';
import { startChild } from '@temporalio/workflow';
import {
  commands,
  digestsOf,
  type Envelope,
  fingerprintOf,
  opIdOf,
  type PayoutCommand,
  type RideCommand,
  type RideMatch,
  type Settled,
} from '../domain/index.js';
import { now } from './clock.js';
import { payout } from './payout.js';

const texts = (['tenant', 'operationType', 'account', 'currency'] as const).map((name) =>
  defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
);
const amountKey = defineSearchAttributeKey('amount', SearchAttributeType.INT);

/**
 * Sends what a ride brought its driver to where the driver is paid out: an operation of its own,
 * with its own hold, key and doubt, that the ride does not wait for. Once per ride, however often
 * it is asked for.
 */
export async function payDriver(
  ride: Envelope<RideCommand>,
  match: RideMatch | undefined,
  { minor }: Settled,
): Promise<void> {
  if (match?.destination === undefined) return;
  const envelope = payoutOf(ride, match.driver, match.destination, minor);
  const { opId, tenant, principal, command, digests } = envelope;
  const { domain, eventType, bizKey, payload } = command;
  const values = [tenant, eventType, payload.account, payload.currency];
  try {
    await startChild(payout, {
      workflowId: opId,
      args: [envelope],
      parentClosePolicy: 'ABANDON',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowTaskTimeout: '5s',
      typedSearchAttributes: [
        ...texts.map((key, index) => ({ key, value: values[index] ?? '' })),
        { key: amountKey, value: minor },
      ],
      memo: { principal, domain, eventType, digests, ...(bizKey !== undefined && { bizKey }) },
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

function payoutOf(
  { command: asked, ...ride }: Envelope<RideCommand>,
  account: RideMatch['driver'],
  destination: string,
  amount: number,
): Envelope<PayoutCommand> {
  const { domain, eventType } = commands.payout;
  const { tenant, principal, actor, trace, opId: parentOpId, timeBudgetMs } = ride;
  const idemKey = `ride:${parentOpId}`;
  const payload = { account, amount, currency: asked.payload.currency, destination };
  const bizKey = asked.bizKey ?? parentOpId;
  const digests = digestsOf({ ...payload, bizKey }, idemKey);
  return {
    ...{ v: 1, tenant, principal, actor, trace, parentOpId, timeBudgetMs, digests },
    opId: opIdOf({ tenant, principal, domain, eventType, idemKey }),
    command: { domain, eventType, idemKey, bizKey, payload },
    fingerprint: fingerprintOf(digests),
    acceptedAt: now(),
  };
}
