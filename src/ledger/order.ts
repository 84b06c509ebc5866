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

/** The verbs of an order, each one statement. */
export function orderVerbs(database: Database) {
  return {
    /** Writes its row. Refuses: idempotency-key-reused; one that ended tells its end. */
    acceptOrder: (envelope: Envelope<OrderCommand>): Promise<Accepted | Fulfilled | Fail> =>
      database.call('ledger.accept_order_v1', envelope),
    /** Decides that it only gives back from now on; `code` is how it will be refused. */
    turnOrder: (opId: OpId, code: RefusalCode): Promise<Turned | Conflict> =>
      database.call('ledger.turn_order_v1', opId, code),
    /** Ends it: done when it is paid, refused when it was turned and all money is back. */
    endOrder: (opId: OpId): Promise<Fulfilled | Fail | Conflict> =>
      database.call('ledger.end_order_v1', opId),
  };
}
