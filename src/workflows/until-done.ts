import { CancellationScope, setCurrentDetails } from '@temporalio/workflow';
import type { Envelope, Fail } from '../domain/index.js';
import { count } from './counters.js';
import { faultReason, isStepFailure } from './ledger-step.js';
import { parkedUntilVerify } from './parking.js';
import { listenForWishes } from './wishes.js';

/**
 * Carries out an operation of one statement. It cannot be half done, so it is not cancelled either;
 * what it cannot do, it parks.
 */
export async function untilDone<Result extends { kind: string } | Fail>(
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
