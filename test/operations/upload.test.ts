import { nanoid } from 'nanoid';
import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { fileDeletionOf, type OpId } from '../../src/domain/index.js';
import { sweptOnce } from '../support/a-sweep.js';
import type { Around } from '../support/around.js';
import { eventually } from '../support/eventually.js';
import { customers } from '../support/running-world.js';
import { aFileWorld } from './a-file-world.js';
import { aFile, begun, chunksOf } from './a-file.js';
import { play } from './play.js';
import { reached } from '../replay/reached.js';

const here = aFileWorld();

type File = Awaited<ReturnType<typeof aFile>>;

async function uploaded(file: File): Promise<OpId> {
  const opId = await begun(here.world, file);
  expect(await play(here.world.client, file, opId)).toMatchObject({ kind: 'settled' });
  return opId;
}

async function deleted({ account, bytes }: File, upload: OpId) {
  const command = fileDeletionOf({ upload, account, amount: bytes.length });
  const { opId } = await here.world.client.start(command);
  return here.world.client.result(opId);
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
    const file = await aFile(here.world);
    here.instead.set(step, away(2));

    const opId = await uploaded(file);

    expect(await file.published(opId)).toEqual(file.bytes);
    expect(await here.world.disagreeing()).toEqual([]);
  });

  test('is not asked to assemble again what it had assembled', async () => {
    const file = await aFile(here.world);
    let joins = 0;
    const losing = away(1, 'its work');
    here.instead.set('join', (call, opId) => {
      joins += 1;
      return losing(call, opId);
    });

    const opId = await uploaded(file);

    expect(joins).toBe(1);
    expect(await file.find(opId)).toMatchObject({ stage: 'COMMITTED', attempt: 1 });
    expect(await file.published(opId)).toEqual(file.bytes);
  });

  test('ends nothing before its time, but a withdrawal does', async () => {
    const file = await aFile(here.world);
    here.instead.set('join', away(1_000));
    const opId = await begun(here.world, file);
    const sent = play(here.world.client, file, opId);
    await eventually(async () => expect(await file.find(opId)).toMatchObject({ attempt: 2 }));

    expect(await here.world.client.withdraw(opId)).toEqual({ kind: 'accepted' });

    expect(await sent).toMatchObject({ kind: 'fail', code: 'withdrawn' });
    expect(await here.world.available(file.account)).toBe(1_000);
  });
});

test('a part that the store lost is a person’s, and is made a file once it is back', async () => {
  const file = await aFile(here.world);
  const opId = await begun(here.world, file);
  here.instead.set('join', async (call) => {
    const [part] = await file.desk.parts(opId);
    await here.world.store.remove([part?.key ?? '']);
    return call();
  });
  const result = play(here.world.client, file, opId);
  await reached(here.world, opId, 'parked');
  expect(await here.world.available(file.account)).toBe(900);
  here.instead.clear();
  const [part] = await file.desk.parts(opId);
  await here.world.store.put(part?.key ?? '', chunksOf(file.bytes.subarray(0, part?.size)), 100);

  await here.world.client.verify(opId);

  expect(await result).toMatchObject({ kind: 'settled' });
  expect(await file.published(opId)).toEqual(file.bytes);
});

describe('a file with the bytes of another', () => {
  test('shares its object in the tenant, until the last of them is deleted', async () => {
    const first = await aFile(here.world);
    const second = await aFile(here.world, { bytes: first.bytes });
    const [one, other] = [await uploaded(first), await uploaded(second)];
    const objectKey = `files/${one}/1`;
    expect(await second.find(other)).toMatchObject({ objectKey });

    expect(await deleted(first, one)).toMatchObject({ kind: 'settled', minor: 100 });
    await sweptOnce(here.world);
    expect(await second.published(other)).toEqual(first.bytes);
    expect(await here.world.available(first.account)).toBe(1_000);
    expect(await here.world.available(second.account)).toBe(900);

    await deleted(second, other);
    await sweptOnce(here.world);
    expect(await here.world.store.size(objectKey)).toBeUndefined();
    expect(await here.world.disagreeing()).toEqual([]);
  });

  test('has an object of its own in another tenant', async () => {
    const file = await aFile(here.world);
    await uploaded(file);
    const tenant = `tenant-${nanoid(8)}`;
    const { temporal, taskQueue } = here.world;
    const client = createClient({ temporal, taskQueue, tenant, principal: 'tester' });
    const elsewhere = { ...here.world, ...customers(client), tenant, client };
    const twin = await aFile(elsewhere, { bytes: file.bytes });

    const opId = await begun(elsewhere, twin);
    await play(client, twin, opId);

    expect(await twin.find(opId)).toMatchObject({ objectKey: `files/${opId}/1` });
  });
});
