import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpId, partKeyOf, prefixesOf } from '../../src/domain/index.js';
import { aFile, begun, chunksOf } from '../operations/a-file.js';
import { aSweep, sweptOnce } from '../support/a-sweep.js';
import { type Around, inside, type StepName } from '../support/around.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';

let world: RunningWorld;
const instead = new Map<StepName, Around>();
beforeAll(async () => {
  world = await aRunningWorld();
  await world.work({ ...inside((name) => instead.get(name)), sweep: aSweep(world, []) });
});
afterAll(() => world.close());

async function keysOf(opId: OpId): Promise<readonly string[]> {
  const pages = await Promise.all(prefixesOf(opId).map((prefix) => world.store.list(prefix)));
  return pages.flatMap(({ objects }) => objects.map(({ key }) => key));
}

async function claimed() {
  const file = await aFile(world);
  const opId = await begun(world, file);
  await eventually(async () => expect(await file.find(opId)).toMatchObject({ stage: 'CLAIMED' }));
  return { file, opId };
}

describe('what lands after its upload was aborted', () => {
  test('is no part of it, and is swept', async () => {
    const { file, opId } = await claimed();
    await file.sent(opId, 0, 60);
    await world.client.withdraw(opId);
    expect(await world.client.result(opId)).toMatchObject({ code: 'withdrawn' });

    expect(await file.sent(opId, 60, 100)).toEqual({ kind: 'no' });
    expect(await keysOf(opId)).toHaveLength(2);
    await sweptOnce(world);
    // Past the sweep after its end, too.
    expect(await file.sent(opId, 60, 100)).toEqual({ kind: 'no' });
    await sweptOnce(world);

    expect(await keysOf(opId)).toEqual([]);
    expect(await file.find(opId)).toMatchObject({ stage: 'ABORTED', received: 60 });
    expect(await world.available(file.account)).toBe(1_000);
    expect(await world.disagreeing()).toEqual([]);
  });

  test('is no assembly of it either', async () => {
    const { file, opId } = await claimed();
    let land = () => {};
    const landed = new Promise<void>((resolve) => {
      land = resolve;
    });
    instead.set('join', async (call) => {
      await world.client.withdraw(opId);
      await world.client.result(opId);
      const answer = await call();
      land();
      return answer;
    });

    for (const send of file.wishes) await send(opId);
    await landed;
    instead.clear();

    expect(await keysOf(opId)).toContain(`quarantine/${opId}/1`);
    expect(await file.find(opId)).toMatchObject({ stage: 'ABORTED', objectKey: null });
    await sweptOnce(world);
    expect(await keysOf(opId)).toEqual([]);
    expect(await world.available(file.account)).toBe(1_000);
    expect(await world.disagreeing()).toEqual([]);
  });
});

test('an upload whose last byte came unheard is woken', async () => {
  const { file, opId } = await claimed();
  await file.sent(opId, 0, 100);

  await sweptOnce(world);

  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
  expect(await file.published(opId)).toEqual(file.bytes);
});

test('an upload whose workflow is gone goes on with the bytes that it has', async () => {
  const { file, opId } = await claimed();
  await file.sent(opId, 0, 60);
  await world.temporal.workflow.getHandle(opId).terminate();
  await file.sent(opId, 60, 100);

  await sweptOnce(world);

  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
  expect(await file.published(opId)).toEqual(file.bytes);
  expect(await world.disagreeing()).toEqual([]);
});

test('an upload that expired without its workflow gives its bytes back', async () => {
  const file = await aFile(world);
  const opId = await begun(world, file, { timeBudget: 1_500 });
  await eventually(async () => expect(await file.find(opId)).toMatchObject({ stage: 'CLAIMED' }));
  await world.temporal.workflow.getHandle(opId).terminate();

  await sweptOnce(world);

  expect(await world.client.result(opId)).toMatchObject({ code: 'upload-expired' });
  expect(await file.find(opId)).toMatchObject({ stage: 'ABORTED' });
  expect(await world.available(file.account)).toBe(1_000);
});

test('of a published file only the file stays', async () => {
  const { file, opId } = await claimed();
  for (const send of file.wishes) await send(opId);
  await world.client.result(opId);
  expect((await keysOf(opId)).length).toBeGreaterThan(1);

  await sweptOnce(world);

  expect(await keysOf(opId)).toEqual([`files/${opId}/1`]);
  expect(await file.published(opId)).toEqual(file.bytes);
});

test('objects that nobody wrote down go, and those of an open upload stay', async () => {
  const { file, opId } = await claimed();
  await file.sent(opId, 0, 60);
  const [kept] = await keysOf(opId);
  await world.store.put(partKeyOf(opId, 60, 'lost'), chunksOf(randomBytes(10)), 10);
  const nobodys = `files/op_nobody/1`;
  await world.store.put(nobodys, chunksOf(randomBytes(10)), 10);

  await sweptOnce(world);

  expect(await keysOf(opId)).toEqual([kept]);
  expect(await world.store.size(nobodys)).toBeUndefined();
  await file.sent(opId, 60, 100);
  await world.client.uploadComplete(opId);
  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
});
