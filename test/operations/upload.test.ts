import { nanoid } from 'nanoid';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { fileDeletionOf, type OpId } from '../../src/domain/index.js';
import { aSweep, sweptOnce } from '../support/a-sweep.js';
import { type Around, inside, type StepName } from '../support/around.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, customers, type RunningWorld } from '../support/running-world.js';
import { aFile, begun, chunksOf } from './a-file.js';
import { play } from './play.js';
import { reached } from '../replay/reached.js';

let world: RunningWorld;
const instead = new Map<StepName, Around>();
beforeAll(async () => {
  world = await aRunningWorld();
  await world.work({ ...inside((name) => instead.get(name)), sweep: aSweep(world, []) });
});
afterEach(() => instead.clear());
afterAll(() => world.close());

type File = Awaited<ReturnType<typeof aFile>>;

async function uploaded(file: File): Promise<OpId> {
  const opId = await begun(world, file);
  expect(await play(world.client, file, opId)).toMatchObject({ kind: 'settled' });
  return opId;
}

async function deleted({ account, bytes }: File, upload: OpId) {
  const command = fileDeletionOf({ upload, account, amount: bytes.length });
  const { opId } = await world.client.start(command);
  return world.client.result(opId);
}

/** The store is away for so many calls, then there. */
function away(times: number, after: 'nothing' | 'its work' = 'nothing'): Around {
  let left = times;
  return async (call) => {
    left -= 1;
    const answer = left < 0 || after === 'its work' ? await call() : undefined;
    if (left >= 0) throw Object.assign(new Error('the disk is away'), { code: 'EIO' });
    return answer;
  };
}

describe('a store that is away', () => {
  test.each(['join', 'inspect', 'copy'] as const)('is asked again to %s', async (step) => {
    const file = await aFile(world);
    instead.set(step, away(2));

    const opId = await uploaded(file);

    expect(await file.published(opId)).toEqual(file.bytes);
    expect(await world.disagreeing()).toEqual([]);
  });

  test('is not asked to assemble again what it had assembled', async () => {
    const file = await aFile(world);
    let joins = 0;
    const losing = away(1, 'its work');
    instead.set('join', (call, opId) => {
      joins += 1;
      return losing(call, opId);
    });

    const opId = await uploaded(file);

    expect(joins).toBe(1);
    expect(await file.find(opId)).toMatchObject({ stage: 'COMMITTED', attempt: 1 });
    expect(await file.published(opId)).toEqual(file.bytes);
  });

  test('ends nothing before its time, but a withdrawal does', async () => {
    const file = await aFile(world);
    instead.set('join', away(1_000));
    const opId = await begun(world, file);
    const sent = play(world.client, file, opId);
    await eventually(async () => expect(await file.find(opId)).toMatchObject({ attempt: 2 }));

    expect(await world.client.withdraw(opId)).toEqual({ kind: 'accepted' });

    expect(await sent).toMatchObject({ kind: 'fail', code: 'withdrawn' });
    expect(await world.available(file.account)).toBe(1_000);
  });
});

test('a part that the store lost is a person’s, and is made a file once it is back', async () => {
  const file = await aFile(world);
  const opId = await begun(world, file);
  instead.set('join', async (call) => {
    const [part] = await file.desk.parts(opId);
    await world.store.remove([part?.key ?? '']);
    return call();
  });
  const result = play(world.client, file, opId);
  await reached(world, opId, 'parked');
  expect(await world.available(file.account)).toBe(900);
  instead.clear();
  const [part] = await file.desk.parts(opId);
  await world.store.put(part?.key ?? '', chunksOf(file.bytes.subarray(0, part?.size)), 100);

  await world.client.verify(opId);

  expect(await result).toMatchObject({ kind: 'settled' });
  expect(await file.published(opId)).toEqual(file.bytes);
});

describe('a file with the bytes of another', () => {
  test('shares its object in the tenant, until the last of them is deleted', async () => {
    const first = await aFile(world);
    const second = await aFile(world, { bytes: first.bytes });
    const [one, other] = [await uploaded(first), await uploaded(second)];
    const objectKey = `files/${one}/1`;
    expect(await second.find(other)).toMatchObject({ objectKey });

    expect(await deleted(first, one)).toMatchObject({ kind: 'settled', minor: 100 });
    await sweptOnce(world);
    expect(await second.published(other)).toEqual(first.bytes);
    expect(await world.available(first.account)).toBe(1_000);
    expect(await world.available(second.account)).toBe(900);

    await deleted(second, other);
    await sweptOnce(world);
    expect(await world.store.size(objectKey)).toBeUndefined();
    expect(await world.disagreeing()).toEqual([]);
  });

  test('has an object of its own in another tenant', async () => {
    const file = await aFile(world);
    await uploaded(file);
    const tenant = `tenant-${nanoid(8)}`;
    const { temporal, taskQueue } = world;
    const client = createClient({ temporal, taskQueue, tenant, principal: 'tester' });
    const elsewhere = { ...world, ...customers(client), tenant, client };
    const twin = await aFile(elsewhere, { bytes: file.bytes });

    const opId = await begun(elsewhere, twin);
    await play(client, twin, opId);

    expect(await twin.find(opId)).toMatchObject({ objectKey: `files/${opId}/1` });
  });
});
