import {
  type Client as TemporalClient,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** The id of the schedule that sweeps the operations of this task queue. */
export function reconcileScheduleId(taskQueue: string): string {
  return `reconcile-${taskQueue}`;
}

/** The id of the schedule that looks at the whole ledger, by workers of this task queue. */
export function verifyScheduleId(taskQueue: string): string {
  return `verify-${taskQueue}`;
}

/**
 * Makes the schedules of the sweep, every 30 s, and of the look at the whole ledger, at 03:00 UTC,
 * or brings those there are up to date: however many workers start, there is one of each, and it
 * never runs twice at once. One that a person paused stays paused.
 */
export async function ensureSchedules(temporal: TemporalClient, taskQueue: string): Promise<void> {
  const wanted = [
    scheduleOf(taskQueue, {
      ...{ scheduleId: reconcileScheduleId(taskQueue), workflowType: 'reconcile' },
      ...{ every: minuteMs / 2, offset: 0, catchupWindow: minuteMs },
    }),
    scheduleOf(taskQueue, {
      ...{ scheduleId: verifyScheduleId(taskQueue), workflowType: 'verifyLedger' },
      // A night without workers is made up for in the morning.
      ...{ every: 24 * hourMs, offset: 3 * hourMs, catchupWindow: 6 * hourMs },
    }),
  ];
  for (const schedule of wanted) await ensure(temporal, schedule);
}

type Wanted = ReturnType<typeof scheduleOf>;

async function ensure(temporal: TemporalClient, wanted: Wanted): Promise<void> {
  try {
    await temporal.schedule.create(wanted);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { spec, action, policies } = wanted;
    const handle = temporal.schedule.getHandle(wanted.scheduleId);
    // An update writes all of it: only when needed, or it could undo a pause of this moment.
    if (isUpToDate(await handle.describe(), wanted)) return;
    await handle.update(({ state }) => ({ spec, action, policies, state }));
  }
}

function isUpToDate(is: ScheduleDescription, wanted: Wanted): boolean {
  const { spec, action, policies } = is;
  const [interval, ...more] = spec.intervals ?? [];
  const [wantedInterval] = wanted.spec.intervals;
  return (
    more.length === 0 &&
    interval?.every === wantedInterval.every &&
    (interval.offset ?? 0) === wantedInterval.offset &&
    action.workflowType === wanted.action.workflowType &&
    action.taskQueue === wanted.action.taskQueue &&
    policies.overlap === wanted.policies.overlap &&
    policies.catchupWindow === wanted.policies.catchupWindow
  );
}

function scheduleOf(
  taskQueue: string,
  given: {
    readonly scheduleId: string;
    readonly workflowType: string;
    readonly every: number;
    readonly offset: number;
    readonly catchupWindow: number;
  },
) {
  const { scheduleId, workflowType, every, offset, catchupWindow } = given;
  return {
    scheduleId,
    spec: { intervals: [{ every, offset }] as const },
    action: {
      type: 'startWorkflow',
      workflowType,
      workflowId: scheduleId,
      taskQueue,
      args: [],
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow },
  } as const satisfies ScheduleOptions;
}
