import { createWatch } from '../../src/client/index.js';
import type { OpId } from '../../src/domain/index.js';
import { createOpenOperations } from '../../src/ledger/index.js';
import { capture } from '../../src/workflows/messages.js';
import { eventually } from '../support/eventually.js';
import type { RunningWorld } from '../support/running-world.js';
import type { Branch } from './branches.js';

/** Runs that go on where another stopped. */
export const resumedBranches: readonly Branch[] = [
  { name: 'held-resumed-in-a-capture', walk: (world) => resumed(world, true) },
  { name: 'held-resumed-between-captures', walk: (world) => resumed(world, false) },
];

let amounts = 90_00;

async function resumed(world: RunningWorld, isCut: boolean): Promise<OpId> {
  amounts += 1;
  const account = await world.account(100_00);
  const opId = await world.pay({ account, amount: amounts, capture: 'multiple' });
  const handle = world.temporal.workflow.getHandle(opId);
  const take = (amount: number, final: boolean) =>
    eventually(() => handle.executeUpdate(capture, { args: [{ amount, final }] }).then(isAccepted));
  await phase(world, opId, 'held');
  if (isCut) {
    const part = 7_77;
    const post = { method: 'POST', amount: part } as const;
    await world.fault({ fault: 'timeout-after', times: 1, match: post });
    await world.fault({ fault: 'error-before', match: { method: 'GET', path: '/captures' } });
    await take(part, true);
    await phase(world, opId, 'in-doubt');
  } else {
    await take(5_00, false);
    await eventually(async () => {
      if (!(await world.effects(opId)).includes('capture.1')) throw new Error('not yet captured');
    });
    await phase(world, opId, 'held');
  }
  await handle.terminate('by hand');
  await world.heal();
  await again(world, opId);
  if (!isCut) await take(6_00, true);
  await world.client.result(opId);
  return opId;
}

async function again(world: RunningWorld, opId: OpId): Promise<void> {
  const open = await createOpenOperations(world.database.database).page(0, 200, 0);
  const row = open.find(({ envelope }) => envelope.opId === opId);
  if (row === undefined) throw new Error(`${opId} is not open`);
  await createWatch(world.temporal, world.taskQueue).restart(row.envelope);
}

async function phase(world: RunningWorld, opId: OpId, wanted: string): Promise<void> {
  await eventually(async () => {
    const row = await world.reads.operation(world.tenant, opId);
    if (row?.phase !== wanted) throw new Error(`${opId} is ${row?.phase}`);
  });
}

function isAccepted({ kind }: { readonly kind: string }): void {
  if (kind !== 'accepted') throw new Error(kind);
}
