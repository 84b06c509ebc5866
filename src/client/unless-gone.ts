import { WorkflowNotFoundError } from '@temporalio/client';

/** The answer of a workflow, or `instead` when none runs under its id. */
export async function unlessGone<Answer>(
  answer: Promise<Answer>,
  instead: Answer,
): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return instead;
    throw error;
  }
}
