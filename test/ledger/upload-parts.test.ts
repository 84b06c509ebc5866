import { describe, expect, test } from 'vitest';
import { createUploadDesk } from '../../src/ledger/index.js';
import { aQuotaOf, uploadsOf } from './an-upload.js';
import { aWorld } from './world.js';

const here = aWorld();
const aQuota = () => aQuotaOf(here);
const file = { account: 'alice', amount: 100 };

describe('a part', () => {
  test('is recorded where the bytes before it end, and nowhere else', async () => {
    const { tenant, claimed, record, find, desk } = await aQuota();
    const upload = await claimed(file);

    expect(await record(upload, 0, 60)).toMatchObject({ kind: 'recorded', received: 60 });
    expect(await record(upload, 50, 50, 'other')).toMatchObject({ kind: 'stale-offset' });
    expect(await record(upload, 61, 10)).toMatchObject({ kind: 'stale-offset', received: 60 });
    expect(await record(upload, 60, 41)).toMatchObject({ kind: 'too-long', received: 60 });
    expect(await record(upload, 60, 40)).toMatchObject({ kind: 'recorded', received: 100 });
    expect(await record(upload, 100, 1)).toMatchObject({ kind: 'too-long', received: 100 });

    expect(await find(upload)).toMatchObject({ received: 100, stage: 'CLAIMED', version: 1 });
    expect(await desk.parts(upload.opId)).toMatchObject([
      { n: 1, start: 0, size: 60 },
      { n: 2, start: 60, size: 40 },
    ]);
    expect(await tenant.violations()).toEqual([]);
  });

  test('is recorded still when it is told again, and a duplicate under another key', async () => {
    const { claimed, record, find } = await aQuota();
    const upload = await claimed(file);
    await record(upload, 0, 60, 'one');

    expect(await record(upload, 0, 60, 'one')).toMatchObject({ kind: 'recorded', received: 60 });
    expect(await record(upload, 0, 60, 'two')).toMatchObject({ kind: 'duplicate', received: 60 });

    expect(await find(upload)).toMatchObject({ received: 60 });
  });

  test('has one winner of ten that come at once', async () => {
    const { tenant, claimed, record, find } = await aQuota();
    const upload = await claimed(file);

    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => record(upload, 0, 10 + n, `key-${n}`)),
    );

    expect(answers.filter(({ kind }) => kind === 'recorded')).toHaveLength(1);
    expect(answers.filter(({ kind }) => kind === 'stale-offset')).toHaveLength(9);
    expect((await find(upload))?.received).toBeLessThan(20);
    expect(await tenant.violations()).toEqual([]);
  });

  test('and the end of its upload never wait for each other in a circle', async () => {
    const { tenant, claimed, record } = await aQuota();
    const { ledger } = here.world;

    for (let round = 0; round < 20; round += 1) {
      const upload = await claimed({ ...file, amount: 10 });
      await Promise.all([
        ...Array.from({ length: 6 }, (_, at) => record(upload, 0, 10, `${upload.opId}-${at}`)),
        ledger.completeUpload(upload.opId, 1),
        ledger.abortUpload(upload, { kind: 'withdrawn' }),
      ]);
    }

    expect(await tenant.balance('alice')).toMatchObject({ held: 0 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('of an upload that ended, expired, or is of another tenant is not taken', async () => {
    const { claimed, record, desk } = await aQuota();
    const [upload, old] = [await claimed(file), await claimed(file)];
    await here.world.ledger.abortUpload(upload, { kind: 'withdrawn' });
    await here.world.rows(
      `update ledger.upload set expires_at = expires_at - interval '2 days'
        where op = (select id from ledger.operation where op_id = $1)`,
      old.opId,
    );
    const strange = { tenant: 'nobody', opId: old.opId, start: 0, size: 1, sha256: '', key: 'k' };

    expect(await record(upload, 0, 10)).toMatchObject({ kind: 'closed', stage: 'ABORTED' });
    expect(await record(old, 0, 10)).toMatchObject({ kind: 'closed', stage: 'CLAIMED' });
    expect(await desk.recordPart(strange)).toEqual({ kind: 'missing' });
  });
});

describe('the lease of who writes', () => {
  const leaseMs = 60_000;

  test('is one holder’s, who learns that another waits', async () => {
    const { tenant, claimed, desk } = await aQuota();
    const { opId } = await claimed(file);
    const lock = (holder: string, ms = leaseMs) => desk.lock(tenant.tenant, opId, holder, ms);

    expect(await lock('one')).toEqual({ kind: 'locked', wanted: false });
    expect(await lock('two')).toEqual({ kind: 'taken' });
    expect(await lock('one')).toEqual({ kind: 'locked', wanted: true });
    expect(await desk.unlock(tenant.tenant, opId, 'two')).toBe(false);
    expect(await desk.unlock(tenant.tenant, opId, 'one')).toBe(true);
    expect(await lock('two', 0)).toEqual({ kind: 'locked', wanted: false });
    // Its time is over.
    expect(await lock('three')).toEqual({ kind: 'locked', wanted: false });
    expect(await desk.lock('nobody', opId, 'one', leaseMs)).toEqual({ kind: 'missing' });
  });
});

test('the quotas of an owner are the open accounts in BYTE', async () => {
  const tenant = here.aTenant();
  await tenant.open('bytes', { currency: 'BYTE', owner: 'carol', funds: 10 });
  await tenant.open('money', { currency: 'EUR', owner: 'carol' });
  await tenant.open('frozen', { currency: 'BYTE', owner: 'carol', status: 'frozen' });
  const desk = createUploadDesk(here.world.database);
  await uploadsOf(here.world, tenant).claimed({ account: 'bytes', amount: 1 });

  expect(await desk.quotasOf(tenant.tenant, 'carol')).toEqual(['bytes']);
  expect(await desk.quotasOf(tenant.tenant, 'dave')).toEqual([]);
  expect(await desk.openOf(tenant.tenant, 'bytes' as never)).toBe(1);
});
