import {
  type Client as TemporalClient,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/client';

/** Starts one sweep of the task queue beside those of its schedule; false while such a one runs. */
export async function sweepNow(temporal: TemporalClient, taskQueue: string): Promise<boolean> {
  try {
    const workflowId = `reconcile-now-${taskQueue}`;
    await temporal.workflow.start('reconcile', { taskQueue, workflowId, args: [] });
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return false;
  }
}
