import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../../src/database/index.js';
import type { Reads } from '../../src/ledger/reads.js';
import type { Begun } from './soak-callers.js';

/** An operation that callers were told of, and when it was seen to be at rest. */
export interface Watched extends Begun {
  endedMs?: number;
  /** Its outcome's kind or code, or `parked`. */
  end?: string;
}

/** Looks at all operations that callers know until they are at rest, past the gateway. */
export function createEnds(database: Database) {
  const all: Watched[] = [];
  const known = new Set<string>();
  const open = new Map<string, Watched>();
  return {
    all: all as readonly Watched[],
    open: open as ReadonlyMap<string, Watched>,
    onBegun(begun: Begun): void {
      if (known.has(begun.opId)) return;
      known.add(begun.opId);
      const watched = { ...begun };
      all.push(watched);
      open.set(begun.opId, watched);
    },
    look: async (): Promise<void> => {
      if (open.size === 0) return;
      const rows = await database.sql<{ opId: string; end: string }>`
        select op_id as "opId", coalesce(outcome ->> 'code', outcome ->> 'kind', phase) as "end"
          from ledger.operation
         where op_id in (select jsonb_array_elements_text(${[...open.keys()]}::jsonb))
           and (state in ('COMPLETED', 'FAILED') or phase = 'parked')`;
      const endedMs = performance.now();
      for (const { opId, end } of rows) {
        Object.assign(open.get(opId) ?? {}, { endedMs, end });
        open.delete(opId);
      }
    },
  };
}

/** What was looked at so far, and what did not hold. */
export interface Looks {
  looks: number;
  /** When the database could not be asked. */
  missed: number;
}

/** Looks whether every invariant holds; what it finds is told once. */
export function createInvariants(
  reads: Reads,
  tenant: string,
  onViolation: (what: string) => void,
) {
  const told = new Set<string>();
  const looks: Looks = { looks: 0, missed: 0 };
  const tell = (what: string) => {
    if (told.has(what)) return;
    told.add(what);
    onViolation(what);
  };
  return {
    looks: looks as Readonly<Looks>,
    async look(): Promise<void> {
      const { violations } = await reads.verify({ tenant });
      const accounts = await reads.balanceCheck(tenant);
      looks.looks += 1;
      for (const { name, rule, sample } of violations) {
        tell(`${name}: ${rule} Not so: ${sample.join(', ')}`);
      }
      for (const { account, agrees } of accounts) {
        if (!agrees) tell(`${account} is not what was funded, received, held and settled`);
      }
    },
    missed: () => {
      looks.missed += 1;
    },
  };
}

/** Does it again and again until `ended`; what fails is counted, and tried again. */
export async function repeatedly(
  act: () => Promise<void>,
  { everyMs, ended, onFault }: { everyMs: number; ended: AbortSignal; onFault?: () => void },
): Promise<void> {
  while (!ended.aborted) {
    await act().catch(() => onFault?.());
    await pause(everyMs, undefined, { signal: ended }).catch(() => undefined);
  }
}
