import type { OpId } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import type { RunningWorld } from '../support/running-world.js';
import { decided } from '../support/two-people.js';

/** Waits for the end that the branch is named for; anything else is an error. */
export async function reached(world: RunningWorld, opId: OpId, end: string): Promise<void> {
  if (['parked', 'verified', 'asked-again', 'release', 'settle'].includes(end)) {
    await eventually(async () => {
      // Later than its row: the task that parked it is over, and so its history is whole.
      const { typedSearchAttributes } = await world.temporal.workflow.getHandle(opId).describe();
      const marks = typedSearchAttributes.getAll().map(({ key, value }) => `${key.name} ${value}`);
      if (!marks.includes('attention parked')) throw new Error(`${opId} is not parked`);
    });
    await world.heal();
    if (end === 'parked') return;
    if (end === 'verified' || end === 'asked-again') await world.client.verify(opId);
    else await decided(world, opId, end as 'release' | 'settle');
  }
  const result = await world.client.result(opId);
  const code = result !== undefined && 'code' in result ? result.code : result?.kind;
  const ends: Readonly<Record<string, string>> = {
    ...{ verified: 'settled', settle: 'settled', release: 'released-by-hand' },
    'asked-again': 'provider-refused',
  };
  const expected = ends[end] ?? end;
  if (code !== expected) throw new Error(`expected ${expected}: ${JSON.stringify(result)}`);
}
