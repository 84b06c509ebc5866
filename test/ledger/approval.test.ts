import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import { createApprovals } from '../../src/ledger/index.js';
import { aWorld } from './world.js';

const here = aWorld();
let reader: Database;
beforeAll(() => {
  reader = createDatabase({
    url: here.world.urls.readerUrl,
    poolMax: 4,
    applicationName: 'people',
  });
});
afterAll(() => reader.close(1_000));

test('a second person or the end of the wait is first, and both hear the same', async () => {
  const approvals = createApprovals(reader);
  const tenant = here.aTenant();
  await tenant.open('alice', { funds: 100 });
  for (let round = 1; round <= 20; round += 1) {
    const { opId } = await tenant.held({ account: 'alice', amount: 1 });
    const { ledger } = here.world;
    await ledger.notePhase(opId, 'phase.1', 'awaiting-approval', {});
    const by = { principal: 'bob', actor: 'bob', reason: 'I called' };

    const [said, ended] = await Promise.all([
      approvals.act({ tenant: tenant.tenant, opId, verdict: 'approved', ...by }),
      ledger.endApproval(opId, 'approval-expired'),
    ]);

    const isFirst = said.kind === 'decided';
    expect(ended.kind).toBe(isFirst ? 'approved' : 'not-approved');
    expect(await ledger.endApproval(opId)).toEqual({ ...ended, replayed: true });
  }
  expect(await tenant.violations()).toEqual([]);
});

test('nobody decides before it waits, nor about what is of another tenant', async () => {
  const approvals = createApprovals(reader);
  const tenant = here.aTenant();
  await tenant.open('alice', { funds: 100 });
  const { opId } = await tenant.held({ account: 'alice', amount: 1 });
  const by = { verdict: 'approved', principal: 'bob', actor: 'bob', reason: 'I called' } as const;
  const before = await tenant.everything();

  const early = await approvals.act({ tenant: tenant.tenant, opId, ...by });
  const others = await approvals.act({ tenant: 'another', opId, ...by });

  expect([early, others]).toMatchObject([{ code: 'invalid-state' }, { code: 'invalid-state' }]);
  expect(await here.world.ledger.endApproval(opId)).toEqual({ kind: 'waiting' });
  expect(await tenant.everything()).toBe(before);
});
