import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import { aNotice } from './a-notice.js';

// A new one each: once time was skipped, Temporal and the ledger have another one.
let world: RunningWorld;
beforeEach(async () => {
  world = await aRunningWorld({ timeSkipping: true });
  await world.work();
});
afterEach(() => world.close());

const hourMs = 3_600_000;
const hour = new Date().getUTCHours();
const at = (hours: number) => `${String((hours + 24) % 24).padStart(2, '0')}:00`;
// They began an hour or two ago, and end in some ten.
const given = { timeZone: 'UTC', quietHours: { from: at(hour - 1), to: at(hour + 10) } };

async function lastedMs(opId: OpId): Promise<number> {
  const { closeTime, startTime } = await world.temporal.workflow.getHandle(opId).describe();
  return (closeTime?.getTime() ?? 0) - startTime.getTime();
}

/** Waits until its row says that it waits. */
const deferred = (opId: OpId) =>
  eventually(async () => {
    const row = await world.reads.operation(world.tenant, opId);
    expect(row).toMatchObject({ phase: 'deferred', deferredUntil: expect.any(String) });
    return Date.parse(row?.deferredUntil ?? '');
  });

test('quiet hours are waited for, and shown until when', async () => {
  const { opId } = await aNotice(world, { given });
  const until = await deferred(opId);
  expect(world.post.mailbox.shown(opId)).toEqual([]);

  expect(await world.client.result(opId)).toMatchObject({ kind: 'sent' });

  expect(new Date(until).toISOString()).toContain(`T${at(hour + 10)}:00.000Z`);
  expect(await lastedMs(opId)).toBeGreaterThan(9 * hourMs);
  expect(await lastedMs(opId)).toBeLessThan(11 * hourMs);
});

test('what waits for the end of quiet hours can be withdrawn until then', async () => {
  const { opId } = await aNotice(world, { given });
  await deferred(opId);

  expect(await world.client.withdraw(opId)).toEqual({ kind: 'accepted' });

  expect(await world.client.result(opId)).toMatchObject({ kind: 'fail', code: 'withdrawn' });
  expect(world.post.mailbox.shown(opId)).toEqual([]);
  expect(await world.disagreeing()).toEqual([]);
});

test('quiet hours do not hold up what is urgent', async () => {
  const { opId } = await aNotice(world, { given, urgent: true });

  expect(await world.client.result(opId)).toMatchObject({ kind: 'sent' });

  expect(await lastedMs(opId)).toBeLessThan(hourMs);
});
