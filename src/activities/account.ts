import type {
  AccountEditCommand,
  AccountOpenCommand,
  Envelope,
  Fail,
  FundingCommand,
} from '../domain/index.js';
import type { Edited, Funded, Ledger, Opened } from '../ledger/index.js';
import { type DatabaseFault, faultsOf } from './faults.js';

/** The steps of the operations on accounts: each is one statement in the ledger. */
export interface AccountSteps {
  openAccountRows(envelope: Envelope<AccountOpenCommand>): Promise<Opened | Fail>;
  fundAccountRows(envelope: Envelope<FundingCommand>): Promise<Funded | Fail>;
  editAccountRows(envelope: Envelope<AccountEditCommand>): Promise<Edited | Fail>;
}

/** The steps of the account operations over a ledger. */
export function accountActivities(deps: {
  readonly ledger: Ledger;
  readonly classify: (error: unknown) => DatabaseFault;
}): AccountSteps {
  const { ledger } = deps;
  return faultsOf(deps.classify, {
    openAccountRows: (envelope: Envelope<AccountOpenCommand>) => ledger.openAccount(envelope),
    fundAccountRows: (envelope: Envelope<FundingCommand>) => ledger.fund(envelope),
    editAccountRows: (envelope: Envelope<AccountEditCommand>) => ledger.editAccount(envelope),
  });
}
