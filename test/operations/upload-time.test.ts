import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import { type Around, inside } from '../support/around.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import { isGivenBack } from './a-file-world.js';
import { aFile, begun } from './a-file.js';

const hourMs = 3_600_000;

let world: RunningWorld;
const away = new Set<OpId>();
const joining: Around = (call, opId) =>
  away.has(opId) ? Promise.reject(new Error('the disk is away')) : call();
beforeAll(async () => {
  world = await aRunningWorld({ timeSkipping: true });
  await world.work(inside((name) => (name === 'join' ? joining : undefined)));
});
afterAll(() => world.close());

/** Time stands still until somebody waits for a result. */
const accepted = (wish: () => Promise<{ readonly kind: string }>) =>
  eventually(async () => expect(await wish()).toEqual({ kind: 'accepted' }));

async function lasted(opId: OpId): Promise<number> {
  const { startTime, closeTime } = await world.temporal.workflow.getHandle(opId).describe();
  return (closeTime?.getTime() ?? 0) - startTime.getTime();
}

test('an upload of which bytes are missing ends after its day, and gives them back', async () => {
  const file = await aFile(world);
  const opId = await begun(world, file);

  await accepted(() => file.sent(opId, 0, 60));

  expect(await world.client.result(opId)).toMatchObject({ kind: 'fail', code: 'upload-expired' });
  expect(await lasted(opId)).toBeGreaterThanOrEqual(23.9 * hourMs);
  expect(await file.find(opId)).toMatchObject({ stage: 'ABORTED', received: 60 });
  await isGivenBack(world, file);
});

test('an upload that is whole waits for its store until its day is over', async () => {
  const file = await aFile(world);
  const opId = await begun(world, file);
  away.add(opId);
  await accepted(() => file.sent(opId, 0, 100));
  await world.client.uploadComplete(opId);

  expect(await world.client.result(opId)).toMatchObject({ code: 'upload-expired' });
  expect(await file.find(opId)).toMatchObject({ stage: 'ABORTED', received: 100 });

  expect(await lasted(opId)).toBeGreaterThanOrEqual(23.9 * hourMs);
  await isGivenBack(world, file);
});
