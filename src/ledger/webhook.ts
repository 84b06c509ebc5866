import type { Database } from '../database/index.js';
import type { Ending, OperationState, OpId, OutsideAnswer } from '../domain/index.js';

/** An event of a provider, read and genuine. */
export interface WebhookToStore {
  readonly provider: string;
  /** The provider's own id of it. */
  readonly eventId: string;
  readonly type: string;
  readonly reference?: string;
  readonly evidence?: OutsideAnswer;
  /** When it happened, in epoch milliseconds. */
  readonly at: number;
}

/** A stored event, with the operation that its reference names, as that stands now. */
export interface StoredWebhook {
  readonly provider: string;
  readonly eventId: string;
  readonly state: WebhookState;
  /** What came first under this id, whatever a repetition says. */
  readonly evidence: OutsideAnswer | null;
  readonly op: {
    readonly tenant: string;
    readonly opId: OpId;
    readonly trace: string;
    readonly state: OperationState;
    readonly outcome: Ending | null;
    /** What sort of outcome is written of the attempt that it is about. */
    readonly known: OutsideAnswer['kind'] | null;
  } | null;
}

/** `received` until somebody decided: given to its operation, of no use, or kept for a person. */
export type WebhookState = 'received' | 'applied' | 'ignored' | 'held';

/** Why an event that is not applied is not. Closed, so that it may label a metric. */
export type WebhookReason =
  | 'no-evidence'
  | 'operation-unknown'
  | 'operation-closed'
  | 'other-environment'
  | 'already-known'
  | 'workflow-missing';

/** What is decided of a stored event. */
export type WebhookVerdict =
  | { readonly state: 'applied' }
  | { readonly state: 'ignored' | 'held'; readonly reason: WebhookReason };

/** Where webhooks are stored before anything is done about them. */
export interface Inbox {
  /** Stores the event once per provider and id; `fresh` for the first of them. */
  record(event: WebhookToStore): Promise<StoredWebhook & { readonly fresh: boolean }>;
  /** Writes what became of it; false when that was decided before, and then it stays. */
  decide(
    event: Pick<StoredWebhook, 'provider' | 'eventId'>,
    verdict: WebhookVerdict,
  ): Promise<boolean>;
  /** What stands of it now; undefined when it was never stored. */
  stateOf(
    event: Pick<StoredWebhook, 'provider' | 'eventId'>,
  ): Promise<StoredWebhook['state'] | undefined>;
  /** What is still `received`, oldest first. */
  waiting(limit: number): Promise<readonly StoredWebhook[]>;
}

/** The inbox over one database, as the gateway's role or the worker's. */
export function createInbox(database: Database): Inbox {
  return {
    record: ({ provider, eventId, type, reference = null, evidence = null, at }) =>
      database.call('ledger.record_webhook_v1', provider, eventId, type, reference, evidence, at),
    decide: ({ provider, eventId }, verdict) => {
      const reason = 'reason' in verdict ? verdict.reason : null;
      return database.call('ledger.webhook_applied_v1', provider, eventId, verdict.state, reason);
    },
    stateOf: async ({ provider, eventId }) => {
      const [row] = await database.sql<{ state: WebhookState }>`
        select state from ledger.webhook where provider = ${provider} and event_id = ${eventId}`;
      return row?.state;
    },
    waiting: (limit) => database.call('ledger.waiting_webhooks_v1', limit),
  };
}
