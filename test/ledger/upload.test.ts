import { describe, expect, test } from 'vitest';
import { uploadStages } from '../../src/domain/index.js';
import { aQuotaOf } from './an-upload.js';
import { aWorld } from './world.js';

const here = aWorld();

const aQuota = () => aQuotaOf(here);
const file = { account: 'alice', amount: 100 };
const untouched = { posted: 1_000, held: 0, available: 1_000 };

describe('a claim', () => {
  test('sets the bytes of the file aside once, and opens the upload', async () => {
    const { tenant, find } = await aQuota();
    const upload = tenant.upload({ ...file, mediaType: 'image/png' });

    const claimed = await here.world.ledger.claimUpload(upload);
    const again = await here.world.ledger.claimUpload(upload);

    expect(claimed).toEqual({
      ...{ kind: 'claimed', opId: upload.opId, account: 'alice', minor: 100, currency: 'BYTE' },
      ...{ stage: 'CLAIMED', version: 1, received: 0, attempt: 0 },
      expiresAt: upload.acceptedAt + upload.timeBudgetMs,
    });
    expect(again).toEqual({ ...claimed, replayed: true });
    expect(await tenant.balance('alice')).toEqual({ posted: 1_000, held: 100, available: 900 });
    expect(await find(upload)).toMatchObject({ stage: 'CLAIMED', declaredType: 'image/png' });
    expect(await tenant.violations()).toEqual([]);
  });

  test('is refused beyond the quota, and leaves no upload', async () => {
    const { tenant, find } = await aQuota();
    const upload = tenant.upload({ ...file, amount: 1_001 });

    const refused = await here.world.ledger.claimUpload(upload);

    expect(refused).toMatchObject({ kind: 'fail', code: 'insufficient-funds' });
    expect(await find(upload)).toBeUndefined();
    expect(await tenant.balance('alice')).toEqual(untouched);
    expect(await tenant.violations()).toEqual([]);
  });

  test('that comes after its time is refused', async () => {
    const { tenant } = await aQuota();
    const upload = tenant.upload(file, { acceptedAt: 1 });

    const refused = await here.world.ledger.claimUpload(upload);

    expect(refused).toMatchObject({ kind: 'fail', code: 'upload-expired' });
    expect(await tenant.balance('alice')).toEqual(untouched);
    expect(await tenant.violations()).toEqual([]);
  });

  test('that comes after its withdrawal does nothing', async () => {
    const { tenant, find } = await aQuota();
    const upload = tenant.upload(file);
    await here.world.ledger.abortUpload(upload, { kind: 'withdrawn' });

    const late = await here.world.ledger.claimUpload(upload);

    expect(late).toMatchObject({ kind: 'fail', code: 'withdrawn' });
    expect(await find(upload)).toBeUndefined();
    expect(await tenant.balance('alice')).toEqual(untouched);
  });
});

describe('the stages', () => {
  test('are those that a row may have', async () => {
    const [check] = await here.world.rows<{ text: string }>(
      `select pg_get_constraintdef(oid) as text from pg_constraint where conname = 'upload_stage'`,
    );

    const allowed = [...(check?.text.matchAll(/'([A-Z]+)'/g) ?? [])].map(([, stage]) => stage);
    expect(allowed).toEqual([...uploadStages]);
  });

  test('lead from the claim to a published file, whose bytes are settled', async () => {
    const { tenant, committed, find, proofOf } = await aQuota();

    const upload = await committed(file);
    const again = await here.world.ledger.commitUpload(upload.opId, proofOf(upload));

    expect(again).toMatchObject({ kind: 'settled', minor: 100, currency: 'BYTE', replayed: true });
    expect(await find(upload)).toMatchObject({
      ...{ stage: 'COMMITTED', version: 4, mediaType: 'text/plain' },
      objectKey: proofOf(upload).objectKey,
    });
    expect(await tenant.balance('alice')).toEqual({ posted: 900, held: 0, available: 900 });
    const events = await here.world.rows<{ type: string }>(
      `select type from ledger.outbox x join ledger.operation o on o.id = x.op
        where o.op_id = $1 order by x.seq`,
      upload.opId,
    );
    expect(events.map(({ type }) => type)).toEqual([
      ...['hold.held', 'upload.claimed', 'upload.uploaded', 'upload.verified'],
      ...['upload.committed', 'fileupload.settled'],
    ]);
    expect(await tenant.violations()).toEqual([]);
  });

  test('wait for every byte', async () => {
    const { claimed, record, find } = await aQuota();
    const upload = await claimed(file);
    await record(upload, 0, 99);

    const incomplete = await here.world.ledger.completeUpload(upload.opId, 1);

    expect(incomplete).toEqual({ kind: 'incomplete', received: 99 });
    expect(await find(upload)).toMatchObject({ stage: 'CLAIMED', version: 1 });
  });

  test('give each assembly a number after the last that it saw', async () => {
    const { uploaded, claimed } = await aQuota();
    const { ledger } = here.world;
    const { opId } = await uploaded(file);
    const begin = (after: number) => ledger.beginUploadAttempt(opId, after);

    expect(await Promise.all([begin(0), begin(0)])).toMatchObject([{ attempt: 1 }, { attempt: 1 }]);
    expect(await begin(1)).toMatchObject({ kind: 'assembling', attempt: 2 });
    expect(await begin(0)).toEqual({ kind: 'conflict', reason: 'attempt-begun' });
    expect(await begin(1)).toMatchObject({ attempt: 2 });
    const unfinished = await claimed(file);
    expect(await ledger.beginUploadAttempt(unfinished.opId, 0)).toMatchObject({ kind: 'conflict' });
  });

  const announced = 'a'.repeat(64);
  test.each([
    ['of an older assembly', {}, { attempt: 1 }],
    ['of another size', {}, { size: 99 }],
    ['that is not what was announced', { sha256: announced }, {}],
  ])('do not verify a whole %s', async (_, declared, wrong) => {
    const { uploaded, seenOf, find } = await aQuota();
    const { ledger } = here.world;
    const upload = await uploaded({ ...file, ...declared });
    await ledger.beginUploadAttempt(upload.opId, 0);
    await ledger.beginUploadAttempt(upload.opId, 1);

    const seen = { ...seenOf(upload, 2), ...wrong };
    const verified = await ledger.verifyUpload(upload.opId, 2, seen);

    expect(verified).toEqual({ kind: 'conflict', reason: 'evidence-mismatch' });
    expect(await find(upload)).toMatchObject({ stage: 'UPLOADED', version: 2 });
  });

  test.each([
    ['an older version', { version: 2 }],
    ['an older assembly', { attempt: 0 }],
    ['two people', { kind: 'by-hand', by: ['one', 'two'] }],
  ])('are not ended by the word of %s', async (_, wrong) => {
    const { tenant, verified, proofOf, find } = await aQuota();
    const upload = await verified(file);

    const proof = { ...proofOf(upload), ...wrong } as ReturnType<typeof proofOf>;
    const answer = await here.world.ledger.commitUpload(upload.opId, proof);

    expect(answer).toMatchObject({ kind: 'conflict' });
    expect(await find(upload)).toMatchObject({ stage: 'VERIFIED', objectKey: null });
    expect(await tenant.balance('alice')).toMatchObject({ held: 100 });
  });

  test('have one winner of a commit and an abort at once', async () => {
    const { tenant, verified, proofOf, find } = await aQuota();
    const { ledger } = here.world;
    const uploads = await Promise.all(Array.from({ length: 8 }, () => verified(file)));

    for (const upload of uploads) {
      const [settled, released] = await Promise.all([
        ledger.commitUpload(upload.opId, proofOf(upload)),
        ledger.abortUpload(upload, { kind: 'withdrawn' }),
      ]);
      const isSettled = settled.kind === 'settled';
      expect([settled.kind, released.kind]).toContain('conflict');
      expect(released.kind === 'released').toBe(!isSettled);
      expect((await find(upload))?.stage).toBe(isSettled ? 'COMMITTED' : 'ABORTED');
    }
    expect(await tenant.balance('alice')).toMatchObject({ held: 0 });
    expect(await tenant.violations()).toEqual([]);
  });
});

test.each(['claimed', 'uploaded', 'verified'] as const)(
  'an upload that is %s gives its bytes back when it is aborted, once',
  async (stage) => {
    const { tenant, [stage]: begun, find } = await aQuota();
    const upload = await begun(file);
    const because = { kind: 'never-charged', code: 'upload-expired' } as const;

    const released = await here.world.ledger.abortUpload(upload, because);
    const again = await here.world.ledger.abortUpload(upload, because);

    expect(released).toMatchObject({ kind: 'released', code: 'upload-expired', minor: 100 });
    expect(again).toEqual({ ...released, replayed: true });
    expect(await find(upload)).toMatchObject({ stage: 'ABORTED' });
    expect(await tenant.balance('alice')).toEqual(untouched);
    expect(await tenant.violations()).toEqual([]);
  },
);

describe('a file that has the bytes of another', () => {
  test('shares its object while that is published, in its tenant', async () => {
    const { tenant, committed, verified, proofOf, find } = await aQuota();
    const { ledger } = here.world;
    const [first, second] = [await committed(file), await verified(file)];

    const shared = { ...proofOf(second), ...proofOf(first), twin: first.opId };
    expect(await ledger.commitUpload(second.opId, shared)).toMatchObject({ kind: 'settled' });

    expect(await find(second)).toMatchObject({ objectKey: proofOf(first).objectKey });
    expect(await tenant.balance('alice')).toMatchObject({ posted: 800 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('is not given the object of one that was deleted, or of another tenant', async () => {
    const [mine, other] = [await aQuota(), await aQuota()];
    const { ledger } = here.world;
    const [deleted, theirs] = [await mine.committed(file), await other.committed(file)];
    await ledger.deleteFile(mine.tenant.deletion(deleted));
    const upload = await mine.verified(file);

    for (const { opId } of [deleted, theirs]) {
      const { objectKey } = mine.proofOf(opId === deleted.opId ? deleted : theirs);
      const shared = { ...mine.proofOf(upload), objectKey, twin: opId };
      const answer = await ledger.commitUpload(upload.opId, shared);
      expect(answer).toEqual({ kind: 'conflict', reason: 'twin-gone' });
    }
    expect(await mine.find(upload)).toMatchObject({ stage: 'VERIFIED' });
  });
});

describe('the deletion of a file', () => {
  test('gives its bytes back, once', async () => {
    const { tenant, committed, find } = await aQuota();
    const upload = await committed(file);
    const deletion = tenant.deletion(upload);

    const deleted = await here.world.ledger.deleteFile(deletion);
    const again = await here.world.ledger.deleteFile(deletion);

    expect(deleted).toMatchObject({ kind: 'settled', minor: 100, currency: 'BYTE' });
    expect(again).toEqual({ ...deleted, replayed: true });
    expect(await find(upload)).toMatchObject({ stage: 'DELETED', version: 5 });
    expect(await tenant.balance('alice')).toEqual(untouched);
    expect(await tenant.violations()).toEqual([]);
  });

  test('is refused for what is not there, not published, or gone', async () => {
    const { tenant, committed, claimed } = await aQuota();
    const { ledger } = here.world;
    const [open, gone] = [await claimed(file), await committed(file)];
    await ledger.deleteFile(tenant.deletion(gone));
    const unknown = tenant.upload(file);

    const codes = await Promise.all(
      [unknown, open, gone].map(async (upload) => {
        const asked = tenant.deletion(upload, { idemKey: `again-${upload.opId}` });
        return ledger.deleteFile(asked);
      }),
    );

    expect(codes).toMatchObject([
      { kind: 'fail', code: 'file-unknown' },
      { kind: 'fail', code: 'invalid-state' },
      { kind: 'fail', code: 'invalid-state' },
    ]);
    expect(await tenant.balance('alice')).toMatchObject({ posted: 1_000, held: 100 });
    expect(await tenant.violations()).toEqual([]);
  });
});
