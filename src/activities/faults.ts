import { ApplicationFailure } from '@temporalio/activity';

/** What a database error means to a step: everything but `bug` passes with time. */
export type DatabaseFault = 'retryable' | 'busy' | 'unavailable' | 'bug';

/** What any error means to a step. */
type Fault = DatabaseFault | 'store-away';

/** A fault that no repetition mends: the workflow parks on it. `type` is PascalCase and stable. */
function final(type: string, message: string, cause?: unknown): ApplicationFailure {
  return failure(type, message, true, cause);
}

/**
 * Wraps each step so that an error leaves it as an ApplicationFailure: one that Temporal repeats
 * when time can mend it, a final one when not. The original message stays in the logs only.
 */
export function faultsOf<Steps extends Record<string, (...args: never[]) => Promise<unknown>>>(
  classify: (error: unknown) => Fault,
  steps: Steps,
): Steps {
  const guarded = Object.entries(steps).map(([name, step]) => [
    name,
    async (...args: never[]) => {
      try {
        return await step(...args);
      } catch (cause) {
        throw asFailure(cause, classify(cause), name);
      }
    },
  ]);
  return Object.fromEntries(guarded) as Steps;
}

function asFailure(cause: unknown, fault: Fault, step: string): ApplicationFailure {
  if (cause instanceof ApplicationFailure) return cause;
  switch (fault) {
    case 'retryable':
      return failure('DatabaseConflict', `${step} met another writer`, false, cause);
    case 'busy':
    case 'unavailable':
      return failure('DatabaseUnavailable', `${step} could not reach the database`, false, cause);
    case 'store-away':
      return failure('ObjectStoreUnavailable', `${step} could not reach the store`, false, cause);
    case 'bug':
      return final('StepFault', `${step} failed and would fail again`, cause);
  }
}

function failure(type: string, message: string, nonRetryable: boolean, cause: unknown) {
  const because = cause instanceof Error ? { cause } : {};
  return ApplicationFailure.create({ type, message, nonRetryable, ...because });
}
