import { CancellationScope, setCurrentDetails } from '@temporalio/workflow';
import type { AccountSteps } from '../activities/account.js';
import type {
  AccountEditCommand,
  AccountOpenCommand,
  Envelope,
  Fail,
  FundingCommand,
} from '../domain/index.js';
import { count } from './counters.js';
import { faultReason, isStepFailure, ledgerSteps } from './ledger-step.js';
import { parkedUntilVerify } from './parking.js';
import { listenForWishes } from './wishes.js';

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

// One statement cannot be half done, so it is not cancelled either; what it cannot do, it parks.
async function untilDone<Result extends { kind: string } | Fail>(
  envelope: Envelope,
  step: () => Promise<Result>,
) {
  const wishes = listenForWishes();
  wishes.open = false;
  return CancellationScope.nonCancellable(async () => {
    for (;;) {
      try {
        const result = await step();
        shown(envelope, result);
        return result;
      } catch (error) {
        if (!isStepFailure(error)) throw error;
        wishes.verify = false;
        count('holdfast_operations_parked', envelope);
        await parkedUntilVerify(faultReason(error), wishes, wishes.heard);
      }
    }
  });
}

function shown(envelope: Envelope, result: { kind: string } | Fail): void {
  if (!('code' in result)) {
    count('holdfast_operations_settled', envelope);
    setCurrentDetails(`**Done**: ${result.kind}.`);
    return;
  }
  count('holdfast_operations_refused', envelope, { code: result.code });
  setCurrentDetails(`**Refused (${result.code})**: ${result.message}.`);
}
