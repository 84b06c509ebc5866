import {
  ActivityFailure,
  ApplicationFailure,
  TemporalFailure,
  TimeoutFailure,
} from '@temporalio/common';
import type { Clock } from './clock.js';

/** What a run needs of the server that it runs on. */
export interface RunHost {
  readonly clock: Clock;
  readonly workflows: (library: object) => Readonly<Record<string, Workflow>>;
  /** Has a step done by a worker; rejects with what Temporal makes of its failure. */
  activity(run: Run, name: string, args: readonly unknown[]): Promise<unknown>;
  startChild(workflow: string, opId: string, args: readonly unknown[]): void;
  /** Told when a run has ended, or failed as no run ever should. */
  ended(run: Run, error?: unknown): void;
}

type Workflow = (...args: readonly unknown[]) => Promise<unknown>;
type Handler = (...args: readonly unknown[]) => unknown;
interface Wait {
  readonly until: () => boolean;
  readonly endsAt: number;
  readonly resolve: (isMet: boolean) => void;
}

/**
 * One run of a workflow, without Temporal: the library that it imports is made for it alone, as its
 * isolate is. Everything that it waits for comes from here, so that nothing happens by itself.
 */
export class Run {
  status: 'running' | 'closed' | 'terminated' = 'running';
  result: unknown;
  /** First answers of updates, by the id of each. */
  readonly answers = new Map<string, unknown>();
  /** Signals that are to be heard once. */
  readonly heard = new Set<string>();
  readonly opId: string;
  readonly runId: string;
  readonly startedAt: number;
  readonly #host: RunHost;
  readonly #handlers = new Map<string, Handler>();
  #waits: readonly Wait[] = [];
  #cancel: (reason: Error) => void = () => undefined;

  constructor(
    host: RunHost,
    {
      opId,
      runId,
      workflow,
    }: { readonly opId: string; readonly runId: string; readonly workflow: string },
    args: readonly unknown[],
  ) {
    this.#host = host;
    this.opId = opId;
    this.runId = runId;
    this.startedAt = host.clock.nowMs;
    const workflows = host.workflows(this.#library(() => workflows));
    void workflows[workflow]?.(...copied(args)).then(
      (result) => this.#end(copied(result)),
      (error: unknown) => this.#end(undefined, error),
    );
  }

  /** Goes on where what was waited for has come; true when something did. */
  wake(): boolean {
    if (this.status !== 'running') return false;
    const isOver = ({ endsAt }: Wait) => endsAt <= this.#host.clock.nowMs;
    const woken = this.#waits.find((wait) => wait.until() || isOver(wait));
    if (woken === undefined) return false;
    this.#waits = this.#waits.filter((wait) => wait !== woken);
    woken.resolve(woken.until());
    return true;
  }

  /** When the first of its timers ends, epoch milliseconds. */
  wakesAt(): number {
    if (this.status !== 'running') return Number.POSITIVE_INFINITY;
    return Math.min(...this.#waits.map(({ endsAt }) => endsAt), Number.POSITIVE_INFINITY);
  }

  /** What the handler of a signal or an update answers. */
  tell(name: string, args: readonly unknown[]): unknown {
    return copied(this.#handlers.get(name)?.(...copied(args)));
  }

  cancel(): void {
    this.#cancel(new Error('cancelled'));
  }

  #end(result: unknown, error?: unknown): void {
    if (this.status !== 'running') return;
    this.status = 'closed';
    this.result = result;
    this.#host.ended(this, error);
  }

  #library(workflows: () => Readonly<Record<string, Workflow>>) {
    const { clock } = this.#host;
    const steps = () =>
      new Proxy(
        {},
        {
          get:
            (_, name) =>
            (...args: unknown[]) =>
              this.#step(String(name), args),
        },
      );
    const cancelRequested = new Promise<never>((_, reject) => (this.#cancel = reject));
    const counter = { add: () => undefined };
    return {
      ...{ ActivityFailure, ApplicationFailure, TemporalFailure, TimeoutFailure },
      CancellationScope: {
        current: () => ({ cancelRequested }),
        nonCancellable: (work: () => Promise<unknown>) => work(),
      },
      condition: (until: () => boolean, waitMs = Number.POSITIVE_INFINITY) =>
        new Promise<boolean>((resolve) => {
          const endsAt = Math.ceil(clock.nowMs + waitMs);
          this.#waits = [...this.#waits, { until, endsAt, resolve }];
        }),
      ...{ defineSignal: (name: string) => ({ name }), defineUpdate: (name: string) => ({ name }) },
      setHandler: ({ name }: { name: string }, handler: Handler) =>
        void this.#handlers.set(name, handler),
      ...{ proxyActivities: steps, proxyLocalActivities: steps },
      ...{ setCurrentDetails: () => undefined, upsertSearchAttributes: () => undefined },
      metricMeter: { createCounter: () => counter },
      // As one that begins today: what older ones do is for the recorded histories.
      patched: () => true,
      workflowInfo: () => ({
        ...{ runId: this.runId, firstExecutionRunId: this.runId, taskQueue: 'simulation' },
        startTime: new Date(this.startedAt),
      }),
      startChild: async (
        child: Workflow,
        { workflowId, args }: { workflowId: string; args: readonly unknown[] },
      ) => {
        const [name = ''] = Object.entries(workflows()).find(([, one]) => one === child) ?? [];
        this.#host.startChild(name, workflowId, args);
      },
    };
  }

  async #step(name: string, args: readonly unknown[]): Promise<unknown> {
    const answer = await this.#host.activity(this, name, copied(args));
    // A run that nobody runs any more hears nothing.
    return this.status === 'running' ? copied(answer) : new Promise(() => undefined);
  }
}

/** As it travels. */
function copied<Value>(value: Value): Value {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as Value);
}
