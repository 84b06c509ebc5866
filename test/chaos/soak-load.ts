import { setTimeout as delay } from 'node:timers/promises';
import { drawOf } from '../support/rounds.js';
import { type Cast, drawFlow, flows } from './soak-flows.js';

interface Load {
  readonly seed: number;
  readonly perSecond: number;
  onViolation(what: string): void;
}

const underWayMax = 200;

/** Begins stories at an even pace, whatever becomes of those before, until `over`. */
export async function load(
  casts: readonly Cast[],
  { seed, perSecond, onViolation }: Load,
  over: AbortSignal,
): Promise<{ readonly stories: Promise<unknown>; readonly skipped: number }> {
  const all: Promise<unknown>[] = [];
  let [underWay, skipped] = [0, 0];
  const tell = async (n: number) => {
    const name = `soak-${seed}-${n}`;
    const draw = drawOf(name);
    underWay += 1;
    try {
      await flows[drawFlow(draw)]?.flow(draw.one(casts), { ...draw, name, onViolation });
    } catch (error) {
      onViolation(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
    }
    underWay -= 1;
  };
  const fromMs = performance.now();
  for (let n = 0; !over.aborted; n += 1) {
    // Where everything waits, more of it would tell nothing new.
    if (underWay < underWayMax) all.push(tell(n));
    else skipped += 1;
    const nextMs = fromMs + ((n + 1) * 1_000) / perSecond;
    await delay(Math.max(0, nextMs - performance.now()), undefined, { signal: over }).catch(
      () => undefined,
    );
  }
  return { stories: Promise.all(all), skipped };
}
