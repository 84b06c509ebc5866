import { nanoid } from 'nanoid';
import { type OpId, referenceOf } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import type { TestGateway } from './a-gateway.js';
import type { Sender, Told } from './a-sender.js';

/** What is sent, unless it is left out: good, and fresh. */
export interface Sent extends Partial<Told> {
  readonly eventId?: string;
  readonly secret?: Uint8Array;
  /** When it was signed, as its header says it; by default now, in epoch seconds. */
  readonly at?: (now: number) => string;
  readonly provider?: string;
  /** Changes the header of the signature after it was made. */
  readonly signature?: (made: string) => string;
  /** What is sent instead of what was signed. */
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

/** Sends an event as the provider would. */
export function tell(gateway: TestGateway, from: Sender, sent: Sent) {
  const { eventId = nanoid(), type = 'charge.captured', data = {}, secret = from.secret } = sent;
  const { at = String, signature = (made) => made } = sent;
  const signedAt = at(Math.floor(Date.now() / 1_000));
  const { body, headers } = from.signed({ eventId, type, data }, signedAt, secret);
  const { [from.signatureHeader]: made = '' } = headers;
  return gateway.send('POST', `/v1/webhooks/${sent.provider ?? from.provider}`, {
    as: null,
    body: sent.body ?? body,
    headers: { ...headers, [from.signatureHeader]: signature(made), ...sent.headers },
  });
}

/** The reference of its first charge. */
export const referenceFor = (opId: OpId) => referenceOf(opId, 'charge.1', 1);

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
