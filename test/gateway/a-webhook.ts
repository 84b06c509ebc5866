import { createHmac } from 'node:crypto';
import { nanoid } from 'nanoid';
import { type OpId, referenceOf } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import { type TestGateway, webhookSecret } from './a-gateway.js';

/** What is sent, unless it is left out: good, and fresh. */
export interface Sent {
  readonly eventId?: string;
  readonly type?: string;
  readonly data?: object;
  readonly secret?: Uint8Array;
  readonly atSeconds?: number;
  readonly provider?: string;
  /** What is sent instead of what was signed. */
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

/** Sends an event as the sandbox would. */
export function tell(gateway: TestGateway, sent: Sent) {
  const { eventId = nanoid(), type = 'charge.captured', data = {} } = sent;
  const { secret = webhookSecret, atSeconds = Math.floor(Date.now() / 1_000) } = sent;
  const body = JSON.stringify({ type, timestamp: new Date().toISOString(), data });
  const signed = createHmac('sha256', secret).update(`${eventId}.${atSeconds}.${body}`);
  return gateway.send('POST', `/v1/webhooks/${sent.provider ?? 'sandbox'}`, {
    as: null,
    body: sent.body ?? body,
    headers: {
      'webhook-id': eventId,
      'webhook-timestamp': `${atSeconds}`,
      'webhook-signature': `v1,${signed.digest('base64')}`,
      ...sent.headers,
    },
  });
}

/** The reference of its first charge. */
export const referenceFor = (opId: OpId) => referenceOf(opId, 'charge.1', 1);
/** A charge as the provider shows it. */
export const chargeOf = (opId: OpId, over: object = {}) => ({
  ...{ id: 'ch_1', reference: referenceFor(opId), status: 'captured' },
  ...{ amount: 30_00, currency: 'EUR', capturedAmount: 30_00, refundedAmount: 0 },
  ...over,
});

/** The rows of an event. */
export async function storedAs(gateway: TestGateway, eventId: string) {
  const rows = await gateway.world.database.owner<Record<string, unknown>[]>`
    select op_id, state, reason, evidence from ledger.webhook where event_id = ${eventId}`;
  return [...rows];
}

/** What its workflow was told by signals, in order. */
export async function signalsOf({ world }: TestGateway, opId: OpId): Promise<readonly unknown[]> {
  const { events } = await world.temporal.workflow.getHandle(opId).fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
    signal?.signalName === 'evidence'
      ? (signal.input?.payloads ?? []).map(({ data }) =>
          JSON.parse(Buffer.from(data ?? []).toString('utf8')),
        )
      : [],
  );
}

/** A payment that waits for its provider, which has acted and does not answer. */
export async function aPaymentInDoubt({ world }: TestGateway): Promise<OpId> {
  const account = await world.account(100_00);
  const opId = await world.pay({ account });
  await eventually(async () => {
    const row = await world.reads.operation(world.tenant, opId);
    if (row?.phase !== 'in-doubt') throw new Error(`${opId} is not in doubt`);
  });
  return opId;
}
