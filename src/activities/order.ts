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
import type { Ledger } from '../ledger/index.js';
import { type DatabaseFault, faultsOf } from './faults.js';

/** The ledger's side of an order: its money is that of the payment that it starts. */
export interface OrderLedgerSteps {
  acceptOrder(envelope: Envelope<OrderCommand>): Promise<Accepted | Fulfilled | Fail>;
  turnOrder(opId: OpId, code: RefusalCode): Promise<Turned | Conflict>;
  endOrder(opId: OpId): Promise<Fulfilled | Fail | Conflict>;
}

/** The ledger steps that only orders take. */
export function orderActivities(deps: {
  readonly ledger: Ledger;
  readonly classify: (error: unknown) => DatabaseFault;
}): OrderLedgerSteps {
  const { acceptOrder, turnOrder, endOrder } = deps.ledger;
  return faultsOf(deps.classify, { acceptOrder, turnOrder, endOrder });
}
