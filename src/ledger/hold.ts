import type { Database } from '../database/index.js';
import type {
  Envelope,
  Fail,
  Held,
  PaymentCommand,
  PayoutCommand,
  RefundCommand,
  Settled,
} from '../domain/index.js';

/**
 * Sets the payment's amount aside and writes the first attempt's key, or says why it cannot:
 * account-unknown, account-closed, account-frozen, same-account, currency-mismatch,
 * insufficient-funds, balance-limit-exceeded, time-budget-exceeded, idempotency-key-reused, or
 * withdrawn when its release came first. An operation that has ended answers with its end.
 */
export function hold(database: Database) {
  return (envelope: Envelope<PaymentCommand>, run?: string): Promise<Held | Settled | Fail> =>
    database.call('ledger.hold_v3', { ...envelope, run });
}

/**
 * Sets captured money aside on the account that received it. Refuses as `hold`, and:
 * payment-unknown, invalid-state (nothing was captured), refund-exceeds-captured.
 */
export function holdRefund(database: Database) {
  return (envelope: Envelope<RefundCommand>, run?: string): Promise<Held | Settled | Fail> =>
    database.call('ledger.hold_refund_v1', { ...envelope, run });
}

/** Sets aside what is to be sent out. Refuses as `hold`. */
export function holdPayout(database: Database) {
  return (envelope: Envelope<PayoutCommand>, run?: string): Promise<Held | Settled | Fail> =>
    database.call('ledger.hold_payout_v1', { ...envelope, run });
}
