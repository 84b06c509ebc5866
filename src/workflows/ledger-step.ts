import {
  ActivityFailure,
  ApplicationFailure,
  proxyActivities,
  proxyLocalActivities,
  TemporalFailure,
} from '@temporalio/workflow';

type Steps = Record<string, (...args: unknown[]) => Promise<unknown>>;

/**
 * Ledger steps as local activities, which cost no round trip to the server: at most 3 attempts in
 * 5 s. What they could not do, the same step does as an ordinary activity, as long as it takes: its
 * repetitions add no events. Throws only a fault that no repetition mends.
 */
export function ledgerSteps<LedgerSteps>(): LedgerSteps {
  const local = proxyLocalActivities<Steps>({
    startToCloseTimeout: '5s',
    scheduleToCloseTimeout: '5s',
    retry: { maximumAttempts: 3, initialInterval: '100ms', maximumInterval: '1s' },
  });
  const ordinary = proxyActivities<Steps>({
    startToCloseTimeout: '5s',
    retry: { initialInterval: '1s', maximumInterval: '30s' },
  });
  const stepOf =
    (name: string) =>
    async (...args: unknown[]) => {
      try {
        return await local[name]?.(...args);
      } catch (error) {
        if (isFinal(error)) throw error;
        return ordinary[name]?.(...args);
      }
    };
  return new Proxy({}, { get: (_, name) => stepOf(String(name)) }) as LedgerSteps;
}

/** True for a fault that no repetition mends, and for a bug of ours, which is no failure at all. */
function isFinal(error: unknown): boolean {
  if (!isStepFailure(error)) return true;
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}

/**
 * True for what a step can fail with. A local activity that gave up throws its ApplicationFailure
 * bare, an ordinary one inside an ActivityFailure: whoever asks for one of them lets the other
 * close a workflow with money held.
 */
export function isStepFailure(error: unknown): error is TemporalFailure {
  return error instanceof TemporalFailure;
}

/** Why a step could not be done, in words for the person who will look. */
export function faultReason(error: TemporalFailure): string {
  return error.cause?.message ?? error.message;
}
