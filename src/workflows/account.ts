import type { AccountSteps } from '../activities/account.js';
import type {
  AccountEditCommand,
  AccountOpenCommand,
  Envelope,
  FundingCommand,
} from '../domain/index.js';
import { ledgerSteps } from './ledger-step.js';
import { untilDone } from './until-done.js';

const ledger = ledgerSteps<AccountSteps>();

/** Opens an account. */
export async function openAccount(envelope: Envelope<AccountOpenCommand>) {
  return untilDone(envelope, () => ledger.openAccountRows(envelope));
}

/** Brings money into an account from outside the ledger. */
export async function fundAccount(envelope: Envelope<FundingCommand>) {
  return untilDone(envelope, () => ledger.fundAccountRows(envelope));
}

/** Freezes, closes or reopens an account, or changes its overdraft limit. */
export async function editAccount(envelope: Envelope<AccountEditCommand>) {
  return untilDone(envelope, () => ledger.editAccountRows(envelope));
}
