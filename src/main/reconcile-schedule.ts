import {
  type Client as TemporalClient,
  ScheduleAlreadyRunning,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';

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
    await handle.update(({ state }) => ({ spec, action, policies, state }));
  }
}

function scheduleOf(taskQueue: string) {
  const scheduleId = reconcileScheduleId(taskQueue);
  return {
    scheduleId,
    spec: { intervals: [{ every: '30s' }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'reconcile',
      workflowId: scheduleId,
      taskQueue,
      args: [],
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '60s' },
  } satisfies ScheduleOptions;
}
