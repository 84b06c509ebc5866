import {
  defineSearchAttributeKey,
  SearchAttributeType,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common';
import {
  type ChildWorkflowHandle,
  condition,
  getExternalWorkflowHandle,
  startChild,
} from '@temporalio/workflow';
import {
  type Command,
  digestsOf,
  type Envelope,
  fingerprintOf,
  opIdOf,
  type PaymentResult,
} from '../domain/index.js';
import { now } from './clock.js';
import { type Course, ledger } from './course.js';
import { isStepFailure } from './ledger-step.js';

const texts = (['tenant', 'operationType', 'account', 'currency'] as const).map((name) =>
  defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
);
const amountKey = defineSearchAttributeKey('amount', SearchAttributeType.INT);

type MoneyPayload = {
  readonly account: string;
  readonly amount?: number;
  readonly currency: string;
};

/**
 * The envelope of an operation that another one starts: the same for the same key, for ever. A key
 * with a slash is nobody's but ours: no caller can name it, and so be there first.
 */
export function childOf<Payload extends MoneyPayload, Of extends Command<Payload>>(
  parent: Envelope,
  { domain, eventType }: Pick<Of, 'domain' | 'eventType'>,
  idemKey: string,
  payload: Payload,
): Envelope<Of> {
  const { tenant, principal, actor, trace, opId: parentOpId, timeBudgetMs } = parent;
  const bizKey = parent.command.bizKey ?? parentOpId;
  const digests = digestsOf({ ...payload, bizKey }, idemKey);
  return {
    ...{ v: 1, tenant, principal, actor, trace, parentOpId, timeBudgetMs, digests },
    opId: opIdOf({ tenant, principal, domain, eventType, idemKey }),
    command: { domain, eventType, idemKey, bizKey, payload } as Of,
    fingerprint: fingerprintOf(digests),
    acceptedAt: now(),
  };
}

type Workflow<Of extends Command> = (asked: Envelope<Of>) => Promise<PaymentResult>;

/** Starts an operation of its own, once for ever; undefined when it had been started before. */
export async function startOperation<Of extends Command<MoneyPayload>>(
  workflow: Workflow<Of>,
  envelope: Envelope<Of>,
): Promise<ChildWorkflowHandle<Workflow<Of>> | undefined> {
  const { opId, tenant, principal, command, digests } = envelope;
  const { domain, eventType, bizKey, payload } = command;
  const values = [tenant, eventType, payload.account, payload.currency];
  try {
    return await startChild(workflow, {
      workflowId: opId,
      args: [envelope],
      parentClosePolicy: 'ABANDON',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowTaskTimeout: '5s',
      typedSearchAttributes: [
        ...texts.map((key, index) => ({ key, value: values[index] ?? '' })),
        ...(payload.amount === undefined ? [] : [{ key: amountKey, value: payload.amount }]),
      ],
      memo: { principal, domain, eventType, digests, ...(bizKey !== undefined && { bizKey }) },
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return undefined;
  }
}

const lookAgainMs = 1_000;
const lookAgainMsMax = 60_000;

/**
 * Starts an operation of its own and waits for its end, however long it stands in front of a
 * person; that time is no matter of the budget. Withdrawn meanwhile, the wish is passed on to one
 * that is `withdrawable`, which knows whether it comes in time, and never to one that gives back.
 * Its row has the last word, and not its workflow.
 */
export async function endOfChild<Of extends Command<MoneyPayload>>(
  course: Course,
  workflow: Workflow<Of>,
  envelope: Envelope<Of>,
  { withdrawable = false } = {},
): Promise<PaymentResult> {
  const { wishes } = course;
  const { opId } = envelope;
  const from = now();
  const child = await startOperation(workflow, envelope);
  if (child !== undefined) {
    const ended = child.result().catch(passedOver);
    const isWithdrawn = () => withdrawable && wishes.withdrawn;
    await Promise.race([ended, condition(isWithdrawn)]);
    if (isWithdrawn()) await getExternalWorkflowHandle(opId).cancel().catch(passedOver);
    await ended;
  }
  let result = await ledger.readEnd(opId);
  for (let waitMs = lookAgainMs; result.kind === 'open'; waitMs *= 2) {
    await condition(() => wishes.verify, Math.min(waitMs, lookAgainMsMax));
    wishes.verify = false;
    result = await ledger.readEnd(opId);
  }
  course.waitedMs += now() - from;
  return result;
}

/** What ended by other hands than its own is run again by the reconciler; its row will tell. */
function passedOver(error: unknown): void {
  if (!isStepFailure(error)) throw error;
}
