import type { OperationEvent } from '../domain/index.js';
import { type CloudEvent, cloudEventOf } from './cloud-event.js';

/** Events that have not left: lent for a while, and marked once somebody took them. */
interface Events {
  lease(limit: number, leaseMs: number): Promise<readonly OperationEvent[]>;
  markPublished(ids: readonly number[]): Promise<number>;
}

/** Who takes events; resolves when it keeps the event, throws when it did not take it. */
export interface Sink {
  publish(event: CloudEvent): Promise<void>;
}

interface RelayDeps {
  readonly events: Events;
  readonly sink: Sink;
  /** Told of each event that the sink did not take, and of events out of reach. */
  readonly onFault: (error: unknown, event?: CloudEvent) => void;
  /** Events of one lease at most; 100 when left out. */
  readonly batchMax?: number;
  /** How long events are lent for; 10 s when left out. */
  readonly leaseMs?: number;
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

/**
 * Lets events leave at least once, in the order of each operation. What the sink does not take
 * stays, and is tried again when its lease has ended.
 */
export function createRelay(deps: RelayDeps): Relay {
  const { events, sink, onFault, batchMax = 100, leaseMs = 10_000 } = deps;
  const { idleMs = 250, drainMs = 10_000 } = deps;

  async function once(batch: Batch): Promise<number> {
    // From before the lease, and half of it: who goes on past its end could overtake another.
    const lastMoment = performance.now() + leaseMs / 2;
    const lent = await events.lease(batchMax, leaseMs);
    batch.lent = lent.length;
    const taken: number[] = [];
    for (const event of lent) {
      if (performance.now() > lastMoment) break;
      if (await isTaken(cloudEventOf(event))) taken.push(event.id);
    }
    if (taken.length > 0) await events.markPublished(taken);
    batch.left = taken.length;
    return lent.length;
  }

  async function isTaken(event: CloudEvent): Promise<boolean> {
    try {
      await sink.publish(event);
      return true;
    } catch (error) {
      onFault(error, event);
      return false;
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
    await withinDrain(working(), signal);
    return { drained: batch.left, interrupted: batch.lent - batch.left };
  }

  /** Resolves when the work has ended, or has gone on for too long after the signal. */
  async function withinDrain(working: Promise<void>, signal: AbortSignal): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      const count = () => {
        timer = setTimeout(resolve, drainMs);
      };
      signal.addEventListener('abort', count, { once: true });
    });
    await Promise.race([working, late]).finally(() => clearTimeout(timer));
  }

  return { once: () => once(nothing()), run };
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
