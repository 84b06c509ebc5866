import type { Database } from '../database/index.js';
import type {
  Accepted,
  Conflict,
  Envelope,
  Fail,
  Fulfilled,
  OpId,
  OrderCommand,
  RefusalCode,
  Turned,
} from '../domain/index.js';

/** Writes the row of an order. Refuses: idempotency-key-reused; one that ended tells its end. */
export function acceptOrder(database: Database) {
  return (envelope: Envelope<OrderCommand>): Promise<Accepted | Fulfilled | Fail> =>
    database.call('ledger.accept_order_v1', envelope);
}

/** Decides that an order only gives back from now on; `code` is how it will be refused. */
export function turnOrder(database: Database) {
  return (opId: OpId, code: RefusalCode): Promise<Turned | Conflict> =>
    database.call('ledger.turn_order_v1', opId, code);
}

/** Ends an order: done when it is paid, refused when it was turned and all money is back. */
export function endOrder(database: Database) {
  return (opId: OpId): Promise<Fulfilled | Fail | Conflict> =>
    database.call('ledger.end_order_v1', opId);
}
