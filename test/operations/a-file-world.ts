import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { aSweep } from '../support/a-sweep.js';
import { type Around, inside, type StepName } from '../support/around.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import type { aFile } from './a-file.js';

/** A world for files, with sweeps; each test may put something in the place of steps. */
export function aFileWorld() {
  let made: RunningWorld | undefined;
  const instead = new Map<StepName, Around>();
  beforeAll(async () => {
    made = await aRunningWorld();
    await made.work({ ...inside((name) => instead.get(name)), sweep: aSweep(made, []) });
  });
  afterEach(() => instead.clear());
  afterAll(() => made?.close());
  return {
    instead,
    get world(): RunningWorld {
      if (made === undefined) throw new Error('the world is made before the first test');
      return made;
    },
  };
}

/** All of the file's bytes are back, and nothing disagrees about it. */
export async function isGivenBack(
  world: RunningWorld,
  { account }: Pick<Awaited<ReturnType<typeof aFile>>, 'account'>,
): Promise<void> {
  expect(await world.available(account)).toBe(1_000);
  expect(await world.disagreeing()).toEqual([]);
}
