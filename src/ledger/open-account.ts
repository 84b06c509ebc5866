import type { Database } from '../database/index.js';
import type { AccountId, AccountOpenCommand, Envelope, Fail } from '../domain/index.js';

export interface Opened {
  readonly kind: 'opened';
  readonly account: AccountId;
}

/** Opens an account at version 1 with nothing in it, or refuses: account-exists. */
export function openAccount(database: Database) {
  return (envelope: Envelope<AccountOpenCommand>): Promise<Opened | Fail> =>
    database.call('ledger.open_account_v1', envelope);
}
