import { ServiceError } from '@temporalio/client';
import { classify } from '../database/index.js';
import type { JudgeLate } from '../gateway/index.js';

// What the gateway and the sweep of a worker both apply webhooks by.

const invalidArgument = 3;

/** Until an operation answers for what comes after the end of another. */
export const keepForPerson: JudgeLate = async () => ({ state: 'held', reason: 'operation-closed' });

/** What is out of reach when this was thrown; undefined when asking again would not help. */
export function outageOf(error: unknown): 'database' | 'temporal' | undefined {
  if (error instanceof ServiceError) {
    const code = (error.cause as { code?: unknown } | undefined)?.code;
    return code === invalidArgument ? undefined : 'temporal';
  }
  return classify(error) === 'bug' ? undefined : 'database';
}
