import type { Database } from '../database/index.js';
import type { AccountId, Currency, Envelope, Fail, FundingCommand } from '../domain/index.js';

export interface Funded {
  readonly kind: 'funded';
  readonly account: AccountId;
  readonly minor: number;
  readonly currency: Currency;
}

/**
 * Brings money in from outside the ledger, or refuses: account-unknown, account-closed,
 * currency-mismatch, balance-limit-exceeded.
 */
export function fund(database: Database) {
  return (envelope: Envelope<FundingCommand>): Promise<Funded | Fail> =>
    database.call('ledger.fund_v1', envelope);
}
