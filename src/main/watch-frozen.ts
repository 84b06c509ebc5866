import { type Client as TemporalClient, WorkflowNotFoundError } from '@temporalio/client';
import type { Log, Metrics } from '../telemetry/index.js';
import { repeatedly } from './repeatedly.js';

/** A workflow whose task failed: by its id, or by the run as the SDK names it. */
export type Suspect = { readonly workflowId: string } | { readonly runId: string };

/** Tells those who must hear of it at once; what it throws is tried again. */
export type Raise = (workflowId: string, attempts: number) => Promise<unknown>;

export interface FrozenWatch {
  /** Has the workflow looked at until it goes on. */
  suspect(suspect: Suspect): void;
  /** Looks at once and then all the time, until the answer is called. */
  start(temporal: TemporalClient, metrics: Metrics, raise: Raise): () => void;
}

interface State {
  workflowId: string | undefined;
  looks: number;
  isFrozen: boolean;
}

const everyMs = 15_000;
const suspectsMax = 1_000;
/** So often in a row it is no chance any more: only other code can go on from there. */
const attemptsMin = 3;
/** How often a run is looked for that Temporal does not list yet. */
const searchesMax = 8;

/**
 * Raises the alarm over workflows that a bug has stopped: they wait for other code, and nobody
 * would hear of it. What a process forgets when it ends, the next sweep tells another.
 */
export function createFrozenWatch(log: Log): FrozenWatch {
  const suspects = new Map<string, State>();

  function suspect(one: Suspect): void {
    const id = 'runId' in one ? one.runId : one.workflowId;
    if (suspects.size >= suspectsMax || suspects.has(id)) return;
    const workflowId = 'workflowId' in one ? one.workflowId : undefined;
    suspects.set(id, { workflowId, looks: 0, isFrozen: false });
  }

  async function look(temporal: TemporalClient, metrics: Metrics, raise: Raise): Promise<void> {
    for (const [id, state] of suspects) {
      state.looks += 1;
      state.workflowId ??= await workflowOf(temporal, id);
      const { workflowId, looks } = state;
      const attempts = workflowId === undefined ? 0 : await attemptsAt(temporal, workflowId);
      // At its first look the failure itself may not have been told yet.
      const isOver = workflowId === undefined ? looks >= searchesMax : looks > 1 && attempts < 2;
      if (isOver) suspects.delete(id);
      if (workflowId === undefined || attempts < attemptsMin) {
        state.isFrozen = false;
      } else if (!state.isFrozen) {
        const about = { module: 'temporal', opId: workflowId, attempts };
        log.error(about, 'workflow frozen: it waits for code that can go on');
        await raise(workflowId, attempts);
        state.isFrozen = true;
      }
    }
    const frozen = [...suspects.values()].filter(({ isFrozen }) => isFrozen);
    metrics.set('workflowsFrozen', new Set(frozen.map(({ workflowId }) => workflowId)).size, {});
  }

  return {
    suspect,
    start(temporal, metrics, raise) {
      let looking: Promise<void> | undefined;
      return repeatedly(everyMs, () => {
        looking ??= look(temporal, metrics, raise)
          .catch((error: unknown) => {
            log.warn({ module: 'temporal', err: error }, 'failed workflows cannot be looked at');
          })
          .finally(() => {
            looking = undefined;
          });
      });
    },
  };
}

async function workflowOf(temporal: TemporalClient, runId: string): Promise<string | undefined> {
  const query = `RunId = '${runId}'`;
  for await (const { workflowId } of temporal.workflow.list({ query, pageSize: 1 })) {
    return workflowId;
  }
  return undefined;
}

/** How often the task that waits was tried; 0 when none does. */
async function attemptsAt(temporal: TemporalClient, workflowId: string): Promise<number> {
  try {
    const { raw } = await temporal.workflow.getHandle(workflowId).describe();
    return raw.pendingWorkflowTask?.attempt ?? 0;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 0;
    throw error;
  }
}
