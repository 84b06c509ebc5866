import { afterAll, beforeAll } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import { aRunningWorld, type RunningWorld } from './running-world.js';

/**
 * A world for the operations that move money outside: given up on after half a second unless it
 * says otherwise, with a short doubt. Made before the first test of the file and closed after its
 * last.
 */
export function aMoneyWorld(requestTimeoutMs = 500) {
  let made: RunningWorld | undefined;
  let amounts = 40_00;
  beforeAll(async () => {
    made = await aRunningWorld({ requestTimeoutMs, ladderMs: [50, 100, 200, 400, 800] });
    await made.work();
  });
  afterAll(() => made?.close());
  const here = {
    get world(): RunningWorld {
      if (made === undefined) throw new Error('the world is made before the first test');
      return made;
    },
    /** An amount that no other test of the file uses, so that a fault strikes where it is meant. */
    ownAmount: () => {
      amounts += 1;
      return amounts;
    },
    /** What the provider itself says of all that was done under this operation. */
    atProvider: async (what: Made, opId: OpId) => {
      const answer = await fetch(`${here.world.providerUrl}/${what}?reference=${opId}`);
      return ((await answer.json()) as { data: Record<string, unknown>[] }).data;
    },
    row: (opId: OpId) => here.world.reads.operation(here.world.tenant, opId),
    /** The events of the operation, in their order. */
    events: async (opId: OpId) => {
      const rows = await here.world.database.owner<{ type: string }[]>`
        select x.type from ledger.outbox x join ledger.operation o on o.id = x.op
         where o.op_id = ${opId} order by x.seq`;
      return rows.map(({ type }) => type);
    },
  };
  return here;
}

type Made = 'charges' | 'captures' | 'voids' | 'refunds' | 'payouts';
