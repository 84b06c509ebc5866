import type { OperationEvent } from '../domain/index.js';
import { type CloudEvent, cloudEventOf } from './cloud-event.js';

/** Events that a sink is owed: lent for a while, and ended or tried again. */
interface Events {
  lease(limit: number, leaseMs: number): Promise<readonly OperationEvent[]>;
  deliver(ids: readonly number[]): Promise<number>;
  refuse(
    refusals: readonly (Refusal & { readonly id: number })[],
    retryMs: number,
  ): Promise<number>;
}

/** Why a sink did not take an event; `forGood` when it will not take it later either. */
export interface Refusal {
  readonly reason: string;
  readonly forGood: boolean;
  /** No sooner than after this long, when the sink says so; an hour at most. */
  readonly retryAfterMs?: number;
}

/** Who takes events: resolves with nothing when it keeps the event. A throw is tried again. */
export interface Sink {
  publish(event: CloudEvent): Promise<Refusal | undefined>;
  /** Lets go of what it holds; nothing is published any more. */
  close?(): Promise<unknown>;
}

/** What became of the events of one lease. */
interface Handed {
  readonly taken: number;
  readonly refused: number;
  /** Of those refused: set aside until a person wants them. */
  readonly dead: number;
}

interface RelayDeps {
  readonly events: Events;
  readonly sink: Sink;
  /** Told of each event that the sink did not take, and of events out of reach. */
  readonly onFault: (error: unknown, event?: CloudEvent) => void;
  readonly onHanded?: (handed: Handed) => void;
  /** Events of one lease at most, which leave side by side; 100 when left out. */
  readonly batchMax?: number;
  /** How long events are lent for, and longer than a sink takes; 10 s when left out. */
  readonly leaseMs?: number;
  /** How long an event is tried after it was first refused; 3 days when left out. */
  readonly retryMs?: number;
  /** The wait after a lease that gave nothing; 250 ms when left out. */
  readonly idleMs?: number;
  /** How long a batch under way may go on after the signal; 10 s when left out. */
  readonly drainMs?: number;
}

/** Of the events that were lent when the signal came. */
interface Ended {
  readonly drained: number;
  /** Not known to have left: lent again, here or elsewhere, when their lease has ended. */
  readonly interrupted: number;
}

interface Batch {
  lent: number;
  left: number;
}

const nothing = (): Batch => ({ lent: 0, left: 0 });

interface Relay {
  /** Leases once, hands on, marks; gives how many were lent. Throws what the events throw. */
  once(): Promise<number>;
  /** Goes on until the signal; a batch under way is finished, when that is possible. */
  run(signal: AbortSignal): Promise<Ended>;
}

const faultWaitMs = 1_000;
const threeDaysMs = 3 * 24 * 3_600_000;

/**
 * Lets events leave to one sink at least once, in the order of each operation. What the sink does
 * not take is tried again, and set aside when that has no end.
 */
export function createRelay(deps: RelayDeps): Relay {
  const { events, sink, onFault, batchMax = 100, leaseMs = 10_000, idleMs = 250 } = deps;
  const { onHanded = () => undefined, retryMs = threeDaysMs, drainMs = 10_000 } = deps;

  async function once(batch: Batch): Promise<number> {
    // From before the lease, and half of it: who begins past its end could overtake another.
    const lastMoment = performance.now() + leaseMs / 2;
    const lent = await events.lease(batchMax, leaseMs);
    batch.lent = lent.length;
    if (performance.now() > lastMoment) return lent.length;
    // Side by side: no two are of one operation, and one that is slow holds up none but its own.
    const answers = await Promise.all(
      lent.map(async (event) => ({ id: event.id, refusal: await publish(event) })),
    );
    const taken = answers.flatMap(({ id, refusal }) => (refusal === undefined ? [id] : []));
    const refused = answers.flatMap(({ id, refusal }) =>
      refusal === undefined ? [] : [{ id, ...refusal }],
    );
    if (taken.length > 0) await events.deliver(taken);
    batch.left = taken.length;
    const dead = refused.length > 0 ? await events.refuse(refused, retryMs) : 0;
    onHanded({ taken: taken.length, refused: refused.length, dead });
    return lent.length;
  }

  async function publish(lent: OperationEvent): Promise<Refusal | undefined> {
    const event = cloudEventOf(lent);
    try {
      const refusal = await sink.publish(event);
      if (refusal !== undefined) onFault(new Error(refusal.reason), event);
      return refusal;
    } catch (error) {
      onFault(error, event);
      return { reason: error instanceof Error ? error.message : String(error), forGood: false };
    }
  }

  async function run(signal: AbortSignal): Promise<Ended> {
    let batch = nothing();
    const working = async () => {
      while (!signal.aborted) {
        batch = nothing();
        const waitMs = await once(batch).then(
          // The next event of an operation can only be lent now that this one has left.
          (lent) => (lent > 0 ? 0 : idleMs),
          (error: unknown) => {
            onFault(error);
            return faultWaitMs;
          },
        );
        if (waitMs === 0 || signal.aborted) continue;
        batch = nothing();
        await pause(waitMs, signal);
      }
    };
    await withinDrain(working(), drainMs, signal);
    return { drained: batch.left, interrupted: batch.lent - batch.left };
  }

  return { once: () => once(nothing()), run };
}

/** Resolves when the work has ended, or has gone on for too long after the signal. */
async function withinDrain(
  working: Promise<void>,
  drainMs: number,
  signal: AbortSignal,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    const count = () => {
      timer = setTimeout(resolve, drainMs);
    };
    signal.addEventListener('abort', count, { once: true });
  });
  await Promise.race([working, late]).finally(() => clearTimeout(timer));
}

function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    signal.addEventListener('abort', done);
  });
}
