import type { Database } from '../database/index.js';
import type { Envelope, Fail, PaymentCommand, Scheduled, Settled } from '../domain/index.js';

/**
 * Writes the row of a payment that begins later; nothing is held. Refuses: idempotency-key-reused.
 * A payment that has ended answers with its end.
 */
export function schedule(database: Database) {
  return (envelope: Envelope<PaymentCommand>): Promise<Scheduled | Settled | Fail> =>
    database.call('ledger.schedule_v1', envelope);
}
