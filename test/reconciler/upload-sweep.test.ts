import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  fileDeletionOf,
  type OpId,
  partKeyOf,
  prefixesOf,
  thumbKeyOf,
} from '../../src/domain/index.js';
import { twoHalves } from '../objects/images.js';
import { aFileWorld, isGivenBack } from '../operations/a-file-world.js';
import { aFile, begun, chunksOf } from '../operations/a-file.js';
import { sweptOnce } from '../support/a-sweep.js';
import { eventually } from '../support/eventually.js';

const here = aFileWorld();

async function keysOf(opId: OpId): Promise<readonly string[]> {
  const pages = await Promise.all(prefixesOf(opId).map((prefix) => here.world.store.list(prefix)));
  return pages.flatMap(({ objects }) => objects.map(({ key }) => key));
}

async function claimed(given?: { readonly bytes: Buffer; readonly mediaType: string }) {
  const file = await aFile(here.world, given);
  const payload = { ...file.payload, ...(given && { mediaType: given.mediaType }) };
  const opId = await begun(here.world, { payload });
  await eventually(async () => expect(await file.find(opId)).toMatchObject({ stage: 'CLAIMED' }));
  return { file, opId };
}

describe('what lands after its upload was aborted', () => {
  test('is no part of it, and is swept', async () => {
    const { file, opId } = await claimed();
    await file.sent(opId, 0, 60);
    await here.world.client.withdraw(opId);
    expect(await here.world.client.result(opId)).toMatchObject({ code: 'withdrawn' });

    expect(await file.sent(opId, 60, 100)).toEqual({ kind: 'no' });
    expect(await keysOf(opId)).toHaveLength(2);
    await sweptOnce(here.world);
    // Past the sweep after its end, too.
    expect(await file.sent(opId, 60, 100)).toEqual({ kind: 'no' });
    await sweptOnce(here.world);

    expect(await keysOf(opId)).toEqual([]);
    expect(await file.find(opId)).toMatchObject({ stage: 'ABORTED', received: 60 });
    await isGivenBack(here.world, file);
  });

  test('is no assembly of it either', async () => {
    const { file, opId } = await claimed();
    let land = () => {};
    const landed = new Promise<void>((resolve) => {
      land = resolve;
    });
    here.instead.set('join', async (call) => {
      await here.world.client.withdraw(opId);
      await here.world.client.result(opId);
      const answer = await call();
      land();
      return answer;
    });

    for (const send of file.wishes) await send(opId);
    await landed;
    here.instead.clear();

    expect(await keysOf(opId)).toContain(`quarantine/${opId}/1`);
    expect(await file.find(opId)).toMatchObject({ stage: 'ABORTED', objectKey: null });
    await sweptOnce(here.world);
    expect(await keysOf(opId)).toEqual([]);
    await isGivenBack(here.world, file);
  });
});

test('an upload whose last byte came unheard is woken', async () => {
  const { file, opId } = await claimed();
  await file.sent(opId, 0, 100);

  await sweptOnce(here.world);

  expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled' });
  expect(await file.published(opId)).toEqual(file.bytes);
});

test('an upload whose workflow is gone goes on with the bytes that it has', async () => {
  const { file, opId } = await claimed();
  await file.sent(opId, 0, 60);
  await here.world.temporal.workflow.getHandle(opId).terminate();
  await file.sent(opId, 60, 100);

  await sweptOnce(here.world);

  expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled' });
  expect(await file.published(opId)).toEqual(file.bytes);
  expect(await here.world.disagreeing()).toEqual([]);
});

test('an upload that expired without its workflow gives its bytes back', async () => {
  const file = await aFile(here.world);
  const opId = await begun(here.world, file, { timeBudget: 1_500 });
  await eventually(async () => expect(await file.find(opId)).toMatchObject({ stage: 'CLAIMED' }));
  await here.world.temporal.workflow.getHandle(opId).terminate();

  await sweptOnce(here.world);

  expect(await here.world.client.result(opId)).toMatchObject({ code: 'upload-expired' });
  expect(await file.find(opId)).toMatchObject({ stage: 'ABORTED' });
  expect(await here.world.available(file.account)).toBe(1_000);
});

test('of a published file only the file stays', async () => {
  const { file, opId } = await claimed();
  for (const send of file.wishes) await send(opId);
  await here.world.client.result(opId);
  expect((await keysOf(opId)).length).toBeGreaterThan(1);

  await sweptOnce(here.world);

  expect(await keysOf(opId)).toEqual([`files/${opId}/1`]);
  expect(await file.published(opId)).toEqual(file.bytes);
});

test('the thumbnail of an image stays as long as its file, also of a shared object', async () => {
  const bytes = await twoHalves(10, 10).png().toBuffer();
  const uploaded = async () => {
    const { file, opId } = await claimed({ bytes, mediaType: 'image/png' });
    for (const send of file.wishes) await send(opId);
    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled' });
    return { opId, account: file.account };
  };
  const [{ opId: one, account }, { opId: other }] = [await uploaded(), await uploaded()];
  const stale = thumbKeyOf(one, 7);
  await here.world.store.put(stale, chunksOf(randomBytes(10)), 10);

  await sweptOnce(here.world);
  const kept = [await keysOf(one), await keysOf(other)];
  const command = fileDeletionOf({ upload: one, account, amount: bytes.length });
  await here.world.client.result((await here.world.client.start(command)).opId);
  await sweptOnce(here.world);

  expect(kept).toEqual([[`files/${one}/1`, `thumbs/${one}/1`], [`thumbs/${other}/1`]]);
  expect([await keysOf(one), await keysOf(other)]).toEqual([
    [`files/${one}/1`],
    [`thumbs/${other}/1`],
  ]);
});

test('objects that nobody wrote down go, and those of an open upload stay', async () => {
  const { file, opId } = await claimed();
  await file.sent(opId, 0, 60);
  const [kept] = await keysOf(opId);
  await here.world.store.put(partKeyOf(opId, 60, 'lost'), chunksOf(randomBytes(10)), 10);
  const nobodys = `files/op_nobody/1`;
  await here.world.store.put(nobodys, chunksOf(randomBytes(10)), 10);

  await sweptOnce(here.world);

  expect(await keysOf(opId)).toEqual([kept]);
  expect(await here.world.store.size(nobodys)).toBeUndefined();
  await file.sent(opId, 60, 100);
  await here.world.client.uploadComplete(opId);
  expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled' });
});
