import {
  ActivityFailure,
  ApplicationFailure,
  RetryState,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import type { Draw } from '../support/rounds.js';
import type { Clock } from './clock.js';
import type { OutsideEvent } from './outside.js';
import { Outside } from './outside.js';
import type { Product } from './product.js';
import type { Run } from './run.js';
import { Temporal } from './temporal.js';

type Step = (...args: readonly unknown[]) => Promise<unknown>;
type Steps = Readonly<Record<string, Step>>;

/** Something that is to happen, at a moment or after it. */
interface Task {
  readonly at: number;
  readonly what: string;
  readonly act: () => unknown;
}

/** How many of a hundred of these go wrong, while anything does. */
export interface Weather {
  /** Calls to the provider. */
  readonly outside: number;
  /** Steps in whose time the worker dies, before or after what it did. */
  readonly crash: number;
  /** Steps that are done again, long after they were answered. */
  readonly repeat: number;
}

export interface WorldDeps {
  readonly product: Product;
  readonly draw: Draw;
  readonly name: string;
  readonly clock: Clock;
  readonly weather: Weather;
  readonly onEvent: (event: OutsideEvent) => void;
  /** Told what must never be. */
  readonly onWrong: (what: string) => void;
}

export const calm: Weather = { outside: 0, crash: 0, repeat: 0 };
const stepsMax = 3_000;
const minuteMs = 60_000;

/** Temporal, the workers and the provider of one seed: one thing happens at a time, as drawn. */
export class World {
  readonly outside: Outside;
  readonly temporal: Temporal;
  readonly trace: string[] = [];
  weather: Weather;
  /** Of the step that is being done. */
  run: Run | undefined;
  #steps: Steps = {};
  #tasks: Task[] = [];
  #taken = 0;
  readonly #deps: WorldDeps;

  constructor(deps: WorldDeps) {
    const { clock, draw, product, onEvent, onWrong } = deps;
    this.#deps = deps;
    this.weather = deps.weather;
    this.outside = new Outside({
      ...{ name: deps.name, clock, onEvent },
      fault: (what) => this.#callFault(what),
      declines: ({ step }) => step !== 'void' && draw.whole(1, 100) <= 8,
      later: (what, act) => this.later(draw.whole(1_000, 40 * minuteMs), what, act),
    });
    this.temporal = new Temporal({
      clock,
      workflows: (library) =>
        product.workflows(clock, { '@temporalio/workflow': library }) as never,
      activity: (run, name, args) => this.#activity(run, name, args),
      ended: (run, error) => {
        this.#note(`${run.opId} ended ${JSON.stringify(error ?? run.result)}`);
        if (error !== undefined) onWrong(`workflow failed: ${String(error)}`);
      },
    });
  }

  nowMs(): number {
    return this.#deps.clock.nowMs;
  }

  /** What the workers can do. */
  employ(steps: Steps): void {
    this.#steps = steps;
  }

  later(delayMs: number, what: string, act: () => unknown): void {
    this.#tasks.push({ at: this.#deps.clock.nowMs + delayMs, what, act });
  }

  /** Lets things happen until nothing is left before that moment. */
  async until(moment: number): Promise<void> {
    const { clock, draw, onWrong } = this.#deps;
    for (;;) {
      this.#taken += 1;
      if (this.#taken > stepsMax) return onWrong('it goes on for ever');
      await this.#settle();
      const ready = this.#tasks.filter(({ at }) => at <= clock.nowMs);
      if (ready.length === 0) {
        const nextAt = this.#nextAt();
        clock.nowMs = Math.max(clock.nowMs, Math.min(nextAt, moment));
        if (nextAt > moment) return;
        continue;
      }
      const task = draw.one(ready);
      this.#tasks = this.#tasks.filter((other) => other !== task);
      this.#note(task.what);
      await this.#guarded(task);
    }
  }

  async #guarded({ what, act }: Task): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#deps.onWrong(`${what} threw ${String(error)}`);
    }
  }

  /** True while something is still to happen by itself. */
  isBusy(): boolean {
    return this.#nextAt() < Number.POSITIVE_INFINITY;
  }

  #nextAt(): number {
    const timers = [...this.temporal.runs.values()].map((run) => run.wakesAt());
    return Math.min(...timers, ...this.#tasks.map(({ at }) => at), Number.POSITIVE_INFINITY);
  }

  /** Lets every run go on as far as it can. */
  async #settle(): Promise<void> {
    do {
      await new Promise((resolve) => setImmediate(resolve));
    } while ([...this.temporal.runs.values()].filter((run) => run.wake()).length > 0);
  }

  #note(what: string): void {
    this.trace.push(`${this.#deps.clock.nowMs} ${what}`);
  }

  #isHit(percent: number): boolean {
    return percent > 0 && this.#deps.draw.whole(1, 100) <= percent;
  }

  #callFault(what: 'perform' | 'find' | 'fence') {
    if (!this.#isHit(this.weather.outside)) return 'none';
    return this.#deps.draw.one(
      what === 'perform'
        ? ([
            ...(['not-sent', 'rate-limited', 'stored-refusal', 'pending'] as const),
            ...(['lost-request', 'lost-answer', 'lost-answer', 'late-request'] as const),
          ] as const)
        : (['lost-request', 'lost-answer', 'rate-limited'] as const),
    );
  }

  #activity(run: Run, name: string, args: readonly unknown[]): Promise<unknown> {
    const { draw } = this.#deps;
    return new Promise((resolve, reject) => {
      const isOutside = /^(charge|authorize|capture|void|refund|pay|find|fence)/.test(name);
      const work = async () => {
        // Not done, it is one of the next things: this one must not wait for it.
        const tried = isOutside
          ? { answer: await this.#callOnce(run, name, args) }
          : await this.#tryOnce(run, name, args);
        if ('answer' in tried) return resolve(tried.answer);
        if (this.#isHit(15)) this.temporal.lose(run.opId, draw.one(['terminated', 'lost']));
        resolve(this.#activity(run, name, args));
      };
      const delayMs = draw.one([0, 0, 0, 20]);
      this.later(delayMs, `${run.opId} ${name}`, () => work().catch(reject));
    });
  }

  /** A step that is tried until it is answered: its worker may die before or after what it did. */
  async #tryOnce(
    run: Run,
    name: string,
    args: readonly unknown[],
  ): Promise<{ readonly answer: unknown } | { readonly again: true }> {
    if (this.#isHit(this.weather.crash)) {
      if (this.#isHit(50)) await this.#done(run, name, args);
      return { again: true };
    }
    const answer = await this.#done(run, name, args);
    if (this.#isHit(this.weather.repeat)) this.#repeatLater(run, name, args, answer);
    return { answer };
  }

  #repeatLater(run: Run, name: string, args: readonly unknown[], first: unknown): void {
    this.later(this.#deps.draw.whole(1, 30 * minuteMs), `${run.opId} ${name} again`, async () => {
      const again = await this.#done(run, name, args);
      if (isSame(name, first, again)) return;
      this.#deps.onWrong(`${name} said ${saidIn(first)}, and then ${saidIn(again)}`);
    });
  }

  /** A call that is never repeated: whose worker died nobody knows what became of it. */
  async #callOnce(run: Run, name: string, args: readonly unknown[]): Promise<unknown> {
    if (!this.#isHit(this.weather.crash)) return this.#done(run, name, args);
    const isTaken = !this.#isHit(30);
    if (isTaken && this.#isHit(50)) await this.#done(run, name, args);
    const type = isTaken ? TimeoutType.START_TO_CLOSE : TimeoutType.SCHEDULE_TO_START;
    const cause = new TimeoutFailure('timed out', undefined, type);
    throw new ActivityFailure('failed', name, '1', RetryState.TIMEOUT, undefined, cause);
  }

  async #done(run: Run, name: string, args: readonly unknown[]): Promise<unknown> {
    this.run = run;
    try {
      const answer = await this.#steps[name]?.(...args);
      this.#note(`  ${name}: ${saidIn(answer)}`);
      return answer;
    } catch (error) {
      const cause = error instanceof ApplicationFailure ? (error.cause ?? error) : error;
      this.#deps.onWrong(`${name} failed: ${cause instanceof Error ? cause.message : cause}`);
      throw error;
    }
  }
}

/** True for an answer that a repetition may give: the first one, where that is kept. */
function isSame(name: string, first: unknown, again: unknown): boolean {
  const [before, now] = [kindOf(first), kindOf(again)];
  if (before === 'conflict' || before === 'waiting' || name === 'doubtProfile') return true;
  if (before === 'fail' && /capture|extend/i.test(name)) return true;
  // What was held, or asked for, answers with its end once it has one.
  const begins = /^(reserve|request|schedule|begin)/.test(name) && before !== 'fail';
  if (begins && ['settled', 'returned', 'fail'].includes(now)) return true;
  return saidIn(again) === saidIn(first);
}

function kindOf(answer: unknown): string {
  return (answer as { kind?: string } | undefined)?.kind ?? '';
}

/** What is said the same each time: no mark of a repetition, nothing of what happened since. */
function saidIn(answer: unknown): string {
  const { kind, code, minor, reference } = (answer ?? {}) as Record<string, unknown>;
  return [kind, code, minor, reference].filter((part) => part !== undefined).join(' ');
}
