import type { Database } from '../database/index.js';
import type { Envelope, Fail, Held, PaymentCommand, Settled } from '../domain/index.js';

/**
 * Sets the payment's amount aside and writes the first attempt's key, or says why it cannot:
 * account-unknown, account-closed, account-frozen, same-account, currency-mismatch,
 * insufficient-funds, balance-limit-exceeded, time-budget-exceeded, idempotency-key-reused, or
 * withdrawn when its release came first. An operation that has ended answers with its end.
 */
export function hold(database: Database) {
  return (envelope: Envelope<PaymentCommand>, run?: string): Promise<Held | Settled | Fail> =>
    database.call('ledger.hold_v1', { ...envelope, run });
}
