import { ServiceError } from '@temporalio/client';
import { classify } from '../database/index.js';

const invalidArgument = 3;

/** What is out of reach when this was thrown; undefined when asking again would not help. */
export function outageOf(error: unknown): 'database' | 'temporal' | undefined {
  if (error instanceof ServiceError) {
    const code = (error.cause as { code?: unknown } | undefined)?.code;
    return code === invalidArgument ? undefined : 'temporal';
  }
  return classify(error) === 'bug' ? undefined : 'database';
}
