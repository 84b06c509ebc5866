import type { FieldDigests } from './fingerprint.js';
import type { OpId } from './ids.js';

/** What was asked; immutable. */
export interface Command<Payload = unknown> {
  readonly domain: string;
  readonly eventType: string;
  /** Names the business thing, an order say; the opId when the caller gave none. */
  readonly bizKey?: string;
  /** Names this one intent: the same key is the same operation for ever. */
  readonly idemKey: string;
  readonly payload: Payload;
}

/** An accepted command: what the workflow is started with. */
export interface Envelope<Of extends Command = Command> {
  readonly v: 1;
  readonly opId: OpId;
  readonly tenant: string;
  readonly principal: string;
  /** Who acted for the principal, when somebody did. */
  readonly actor: string;
  readonly command: Of;
  /** Free text and personal data, encrypted: base64 of key id, nonce, ciphertext and tag. */
  readonly sealed?: string;
  readonly fingerprint: string;
  readonly digests: FieldDigests;
  /** The trace id (32 hex) that rows, logs and provider calls carry. */
  readonly trace: string;
  /** Epoch milliseconds. */
  readonly acceptedAt: number;
  readonly timeBudgetMs: number;
  readonly parentOpId?: OpId;
  /** A second person must approve what moves more, in minor units; nobody when absent. */
  readonly approvalAbove?: number;
}

/** The operations there are: their names on the wire and the workflow that carries each out. */
export const commands = {
  payment: { domain: 'Payment', eventType: 'PaymentRequested', workflow: 'payment' },
  refund: { domain: 'Refund', eventType: 'RefundRequested', workflow: 'refund' },
  payout: { domain: 'Payout', eventType: 'PayoutRequested', workflow: 'payout' },
  late: { domain: 'Late', eventType: 'LateSuccessSeen', workflow: 'late' },
  upload: { domain: 'FileUpload', eventType: 'FileUploadRequested', workflow: 'upload' },
  fileDeletion: {
    domain: 'FileUpload',
    eventType: 'FileDeletionRequested',
    workflow: 'deleteFile',
  },
  ride: { domain: 'Ride', eventType: 'RideRequested', workflow: 'ride' },
  notification: {
    domain: 'Notification',
    eventType: 'NotificationSent',
    workflow: 'notification',
  },
  accountOpen: { domain: 'Account', eventType: 'AccountOpeningRequested', workflow: 'openAccount' },
  funding: { domain: 'Account', eventType: 'FundingRequested', workflow: 'fundAccount' },
  accountEdit: { domain: 'Account', eventType: 'AccountEditRequested', workflow: 'editAccount' },
  order: {
    domain: 'Order',
    eventType: 'OrderCreated',
    workflow: 'order',
  },
  // new operations go above this line
} as const;
