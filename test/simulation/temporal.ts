import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { Run, type RunHost } from './run.js';

interface Start {
  readonly workflowId: string;
  readonly args: readonly unknown[];
  readonly workflowIdReusePolicy?: string;
  readonly memo?: object;
}

/** Temporal as its clients see it: what was started stands, unless it is lost by hand. */
export class Temporal {
  /** The latest run of each operation, in the order of first starts. */
  readonly runs = new Map<string, Run>();
  readonly #memos = new Map<string, object | undefined>();
  readonly #host: Omit<RunHost, 'startChild'>;
  #count = 0;

  constructor(host: Omit<RunHost, 'startChild'>) {
    this.#host = host;
  }

  open(): readonly Run[] {
    return [...this.runs.values()].filter(({ status }) => status === 'running');
  }

  start(workflow: string, { workflowId: opId, args, ...asked }: Start): void {
    const last = this.runs.get(opId);
    const isAgain = asked.workflowIdReusePolicy === 'ALLOW_DUPLICATE';
    if (last !== undefined && (last.status === 'running' || !isAgain)) {
      throw new WorkflowExecutionAlreadyStartedError('it was started', opId, workflow);
    }
    this.#count += 1;
    this.#memos.set(opId, asked.memo);
    const host = {
      ...this.#host,
      startChild: (name: string, workflowId: string, of: readonly unknown[]) =>
        this.start(name, { workflowId, args: of }),
    };
    const runId = `run-${this.#count}`;
    this.runs.set(opId, new Run(host, { opId, runId, workflow }, args));
  }

  /** Ends the run where it stands: terminated by somebody, or lost with Temporal's own database. */
  lose(opId: string, how: 'terminated' | 'lost'): void {
    const run = this.runs.get(opId);
    if (run?.status !== 'running') return;
    run.status = 'terminated';
    if (how === 'lost') this.runs.delete(opId);
  }

  /** What the thin client and the watch use of Temporal's own client. */
  client(): Client {
    const handle = (opId: string) => ({
      signal: async ({ name }: { name: string }, ...args: unknown[]) =>
        void this.#running(opId).tell(name, args),
      executeUpdate: (update: string | { name: string }, options?: UpdateOptions) =>
        this.#updated(opId, typeof update === 'string' ? update : update.name, options),
      result: async () => this.runs.get(opId)?.result,
      describe: async () => this.#description(opId),
    });
    const open = () =>
      this.open().map(({ opId, startedAt }) => ({
        workflowId: opId,
        startTime: new Date(startedAt),
      }));
    return {
      options: { namespace: 'simulation', identity: 'simulation' },
      workflow: {
        start: async (workflow: string, options: Start) => this.start(workflow, options),
        getHandle: handle,
        list: async function* () {
          yield* open();
        },
      },
      workflowService: { signalWorkflowExecution: async (asked: SignalOnce) => this.#once(asked) },
    } as unknown as Client;
  }

  #running(opId: string): Run {
    const run = this.runs.get(opId);
    if (run?.status !== 'running') throw new WorkflowNotFoundError('none runs', opId, undefined);
    return run;
  }

  async #updated(opId: string, name: string, options: UpdateOptions = {}): Promise<unknown> {
    const { updateId, args = [] } = options;
    const first = updateId && this.runs.get(opId)?.answers.get(updateId);
    if (first) return first;
    const run = this.#running(opId);
    const answer = run.tell(name, args);
    if (updateId !== undefined) run.answers.set(updateId, answer);
    return answer;
  }

  #description(opId: string) {
    const run = this.runs.get(opId);
    if (run === undefined) throw new WorkflowNotFoundError('unknown', opId, undefined);
    const names = { running: 'RUNNING', closed: 'COMPLETED', terminated: 'TERMINATED' } as const;
    return {
      ...{ status: { name: names[run.status] }, raw: {}, memo: this.#memos.get(opId) },
      ...{ startTime: new Date(run.startedAt), typedSearchAttributes: { getAll: () => [] } },
    };
  }

  #once({ workflowExecution: { workflowId }, signalName, requestId }: SignalOnce): void {
    const run = this.runs.get(workflowId);
    if (run?.status !== 'running') {
      throw Object.assign(new Error('not found'), { code: 5, details: '', metadata: {} });
    }
    if (run.heard.has(requestId)) return;
    run.heard.add(requestId);
    run.tell(signalName, []);
  }
}

interface UpdateOptions {
  readonly args?: readonly unknown[];
  readonly updateId?: string;
}

interface SignalOnce {
  readonly workflowExecution: { readonly workflowId: string };
  readonly signalName: string;
  readonly requestId: string;
}
