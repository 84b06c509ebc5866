import { expect } from 'vitest';
import type { Client } from '../../src/client/index.js';
import type { OpId } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import type { RunningWorld } from '../support/running-world.js';
import type { Case } from './conformance.js';

/** What is said of an operation that was started, as it goes on; the result is that of its end. */
export function play(client: Client, { wishes = [] }: Pick<Case, 'wishes'>, opId: OpId) {
  const result = client.result(opId);
  const wished = wishes.reduce<Promise<void>>(
    (before, wish) => before.then(() => said(result, () => wish(opId))),
    Promise.resolve(),
  );
  return wished.then(() => result);
}

/** Says a wish until it is taken, or the end has come before. */
export async function said(
  result: Promise<unknown>,
  wish: () => Promise<{ readonly kind: string }>,
): Promise<void> {
  let isOver = false;
  const noteEnd = () => {
    isOver = true;
  };
  result.then(noteEnd, noteEnd);
  await eventually(
    async () => {
      if (!isOver) expect(await wish()).toEqual({ kind: 'accepted' });
    },
    { timeoutMs: 60_000, everyMs: 100 },
  );
}

/** Accounts whose books do not agree, and what the provider did a second time. */
export async function wrongs(world: RunningWorld, opId: OpId): Promise<readonly string[]> {
  const effects = await world.effects(opId);
  const again = effects.filter((step, index) => effects.indexOf(step) !== index);
  return [...(await world.disagreeing()), ...again];
}
