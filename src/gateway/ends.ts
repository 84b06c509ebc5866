import { isFinal, type OpId } from '../domain/index.js';
import type { GatewayDeps } from './app.js';
import type { Caller } from './auth.js';
import { type OperationView, viewOfRow } from './views.js';

/** Waits for the ends of operations that are accepted. */
export interface Ends {
  /**
   * The operation once it has ended, or as it is after `waitMs`; `view` when nobody can say. It
   * never throws: what was accepted stays so.
   */
  await(caller: Caller, view: OperationView, waitMs: number): Promise<OperationView>;
  /** Answers all that waits with what is so far; nothing waits from now on. */
  stopWaiting(): void;
}

/** Waits by Temporal, and reads the row once at the end. */
export function createEnds({ client, reads }: Pick<GatewayDeps, 'client' | 'reads'>): Ends {
  const stops = new Set<() => void>();
  let isClosing = false;

  return {
    await: async (caller, view, waitMs) => {
      const opId = view.opId as OpId;
      if (isFinal(view.state)) return view;
      try {
        if (waitMs > 0 && !isClosing) await untilEnded(opId, waitMs);
        const row = await reads.operation(caller.tenant, opId);
        return row === undefined ? view : viewOfRow(row);
      } catch {
        return view;
      }
    },
    stopWaiting: () => {
      isClosing = true;
      for (const stop of stops) stop();
    },
  };

  async function untilEnded(opId: OpId, waitMs: number): Promise<void> {
    let stop = () => {};
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    stops.add(stop);
    await Promise.race([client.result(opId, waitMs), stopped]).finally(() => stops.delete(stop));
  }
}
