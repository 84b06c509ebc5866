import {
  isGrpcServiceError,
  type Client as TemporalClient,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { type Envelope, isOpId, type OpId } from '../domain/index.js';
import { verify } from '../workflows/messages.js';
import { startOf, workflowOf } from './workflow-start.js';

/** What Temporal says of an operation: `unknown` when it has no such workflow, or no longer. */
export type Standing = 'running' | 'closed' | 'terminated' | 'unknown';

/** An operation whose workflow is open, and since when, in epoch milliseconds. */
export interface OpenWorkflow {
  readonly opId: OpId;
  readonly startedAt: number;
}

/** For who watches over operations; it decides nothing about them. */
export interface Watch {
  standing(opId: OpId): Promise<Standing>;
  /** Runs it again under its id; false when it runs already. */
  restart(envelope: Envelope): Promise<boolean>;
  /**
   * Asks it to look at the provider once more; false when no workflow is open. Under the same
   * `once` a workflow hears it once, however often it is told.
   */
  tell(opId: OpId, once: string): Promise<boolean>;
  /** Operations whose workflow is open, started before that moment, youngest first. */
  open(startedBefore: number, limit: number): Promise<readonly OpenWorkflow[]>;
}

const notFound = 5;

/** A watch over the operations of one task queue; tells of those whose workflow task failed. */
export function createWatch(
  temporal: TemporalClient,
  taskQueue: string,
  onFailing: (opId: OpId) => void = () => undefined,
): Watch {
  return {
    standing: async (opId) => {
      try {
        const { status, raw } = await temporal.workflow.getHandle(opId).describe();
        if ((raw.pendingWorkflowTask?.attempt ?? 0) > 1) onFailing(opId);
        if (status.name === 'RUNNING') return 'running';
        return status.name === 'TERMINATED' ? 'terminated' : 'closed';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'unknown';
        throw error;
      }
    },
    restart: async (envelope) => {
      try {
        await temporal.workflow.start(workflowOf(envelope.command), {
          ...startOf(envelope, taskQueue),
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        });
        return true;
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
        throw error;
      }
    },
    tell: (opId, once) => signalOnce(temporal, opId, once),
    open: async (startedBefore, limit) => {
      const query = [
        `TaskQueue = '${taskQueue}' and ExecutionStatus = 'Running'`,
        `WorkflowType != 'reconcile' and StartTime < '${new Date(startedBefore).toISOString()}'`,
      ].join(' and ');
      const found: OpenWorkflow[] = [];
      for await (const { workflowId, startTime } of temporal.workflow.list({
        query,
        pageSize: limit,
      })) {
        if (isOpId(workflowId)) found.push({ opId: workflowId, startedAt: startTime.getTime() });
        if (found.length >= limit) break;
      }
      return found;
    },
  };
}

// Past the handle, which would make a new id for each: a workflow that is told every 30 s, of what
// it cannot mend, would have no room left in its history within a day.
async function signalOnce(temporal: TemporalClient, opId: OpId, once: string): Promise<boolean> {
  try {
    await temporal.workflowService.signalWorkflowExecution({
      namespace: temporal.options.namespace,
      workflowExecution: { workflowId: opId },
      signalName: verify.name,
      requestId: once,
      identity: temporal.options.identity,
    });
    return true;
  } catch (error) {
    const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
    if (code === notFound) return false;
    throw error;
  }
}
