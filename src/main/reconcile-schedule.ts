import {
  type Client as TemporalClient,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';

const everyMs = 30_000;
const catchupMs = 60_000;

/** The id of the schedule that sweeps the operations of this task queue. */
export function reconcileScheduleId(taskQueue: string): string {
  return `reconcile-${taskQueue}`;
}

/**
 * Makes the schedule of the sweep, every 30 s and never two at once, or brings the one there is up
 * to date: however many workers start, there is one. One that a person paused stays paused.
 */
export async function ensureReconcileSchedule(
  temporal: TemporalClient,
  taskQueue: string,
): Promise<void> {
  const wanted = scheduleOf(taskQueue);
  try {
    await temporal.schedule.create(wanted);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { spec, action, policies } = wanted;
    const handle = temporal.schedule.getHandle(wanted.scheduleId);
    // An update writes all of it: only when needed, or it could undo a pause of this moment.
    if (isUpToDate(await handle.describe(), taskQueue)) return;
    await handle.update(({ state }) => ({ spec, action, policies, state }));
  }
}

function isUpToDate(is: ScheduleDescription, taskQueue: string): boolean {
  const { spec, action, policies } = is;
  return (
    spec.intervals?.length === 1 &&
    spec.intervals[0]?.every === everyMs &&
    action.workflowType === 'reconcile' &&
    action.taskQueue === taskQueue &&
    policies.overlap === ScheduleOverlapPolicy.SKIP &&
    policies.catchupWindow === catchupMs
  );
}

function scheduleOf(taskQueue: string) {
  const scheduleId = reconcileScheduleId(taskQueue);
  return {
    scheduleId,
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'reconcile',
      workflowId: scheduleId,
      taskQueue,
      args: [],
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: catchupMs },
  } satisfies ScheduleOptions;
}
