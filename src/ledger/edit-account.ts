import type { Database } from '../database/index.js';
import type { AccountEditCommand, AccountId, Envelope, Fail } from '../domain/index.js';

export interface Edited {
  readonly kind: 'edited';
  readonly account: AccountId;
  readonly version: number;
}

/**
 * Freezes, closes or reopens an account or changes its overdraft limit, if its version is still the
 * one that was seen; else stale-version. Refuses also: account-unknown, overdraft-limit-too-low.
 */
export function editAccount(database: Database) {
  return (envelope: Envelope<AccountEditCommand>): Promise<Edited | Fail> =>
    database.call('ledger.edit_account_v1', envelope);
}
