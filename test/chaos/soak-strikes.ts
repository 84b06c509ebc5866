import { setTimeout as delay } from 'node:timers/promises';
import { type Draw, drawOf } from '../support/rounds.js';
import { type NemesisName, nemeses } from './nemeses.js';
import type { Field } from './nemesis.js';
import type { SoakPlace } from './soak-place.js';

/** A fault that was done. */
export interface Struck {
  readonly name: NemesisName;
  readonly fromMs: number;
  readonly overMs: number;
  readonly note: string | undefined;
}

interface Strikes {
  readonly seed: number;
  /** From the beginning of a fault to that of the next one. */
  readonly everyMs: number;
  readonly names: readonly NemesisName[];
  readonly forMs?: number;
  onProgress(line: string): void;
  onViolation(what: string): void;
}

/**
 * One fault after the other, each kind once before any comes again, until `over`; or each kind once
 * when no time is given.
 */
export async function strikes(
  place: SoakPlace,
  { seed, everyMs, names, forMs, onProgress, onViolation }: Strikes,
  over: AbortSignal,
): Promise<readonly Struck[]> {
  const struck: Struck[] = [];
  const draw = drawOf(`${seed}:nemeses`);
  const pause = async (ms: number) => {
    await delay(Math.max(0, ms), undefined, { signal: over }).catch(() => undefined);
  };
  const fromMs = performance.now();
  const possible = names.filter((name) => place.disk !== undefined || !nemeses[name].isOfDisk);
  let due: NemesisName[] = [];
  for (let nextMs = fromMs + everyMs; ; nextMs += everyMs) {
    // What took long is not followed at once: how the system recovers is to be seen.
    nextMs = Math.max(nextMs, performance.now() + everyMs / 4);
    await pause(nextMs - performance.now());
    if (over.aborted) return struck;
    if (forMs === undefined && struck.length === possible.length) {
      // So that something is asked for after the last one.
      await pause(everyMs);
      return struck;
    }
    if (due.length === 0) due = shuffled(possible, draw);
    const name = due.pop();
    // There is none that can be done here.
    if (name === undefined) return struck;
    const nth = struck.filter((one) => one.name === name).length;
    onProgress(`${Math.round((performance.now() - fromMs) / 1_000)} s: ${name}`);
    try {
      struck.push(await strike(name, nth, { place, draw, pause, ended: over, onViolation }));
    } catch (error) {
      // What was broken may be so still: nothing more is learnt from it.
      onViolation(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
      return struck;
    }
  }
}

async function strike(
  name: NemesisName,
  nth: number,
  {
    place,
    draw,
    ...field
  }: Pick<Field, 'pause' | 'ended' | 'onViolation'> & { place: SoakPlace; draw: Draw },
): Promise<Struck> {
  const { stack, workers, disk, owner, world } = place;
  const fromMs = performance.now();
  let overMs: number | undefined;
  const note = await nemeses[name].strike(
    {
      ...{ stack, workers, disk, owner, ...field },
      misbehave: world.fault,
      heal: () => heal(place),
      over: () => {
        overMs ??= performance.now();
      },
    },
    draw,
    nth,
  );
  return { name, fromMs, overMs: overMs ?? performance.now(), note };
}

/** Ends all of the provider's faults. */
export async function heal({ stack }: SoakPlace): Promise<void> {
  await fetch(`${stack.urls.provider}/faults`, { method: 'DELETE' });
}

function shuffled<T>(items: readonly T[], draw: Draw): T[] {
  const drawn = items.map((item) => ({ item, at: draw.whole(0, 2 ** 31) }));
  return drawn.sort((one, other) => one.at - other.at).map(({ item }) => item);
}
