import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import type { OpId } from '../../src/domain/index.js';
import type { Misbehaviour } from '../support/a-channel.js';
import { type Around, around } from '../support/around.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type Crooked, type RunningWorld } from '../support/running-world.js';
import { aNotice, type Asked } from './a-notice.js';

// Its waits of minutes and hours pass at once; what is shown, then, is asked for one by one.
let world: RunningWorld;
beforeAll(async () => {
  world = await aRunningWorld({ timeSkipping: true });
  await world.work();
});
afterAll(() => world.close());

const told = (asked: Asked = {}) => aNotice(world, asked);
const shown = (opId: OpId) => world.post.mailbox.shown(opId);
const deliveries = (opId: OpId) => world.post.desk.deliveries(opId);
const row = (opId: OpId) => world.reads.operation(world.tenant, opId);

/** Longer than a doubt that nobody ends. */
const doubtMs = 120_000;

async function isParked(opId: OpId): Promise<void> {
  await world.skip(doubtMs);
  await eventually(async () => {
    const { typedSearchAttributes } = await world.temporal.workflow.getHandle(opId).describe();
    expect(typedSearchAttributes.getAll().map(({ value }) => value)).toContain('parked');
  });
  expect(await row(opId)).toMatchObject({ state: 'IN_PROGRESS', phase: 'parked' });
}

/** A client whose notices a worker that differs takes, alone. */
async function ofItsOwn(crooked: Crooked) {
  const { temporal, tenant, keys, post } = world;
  const taskQueue = `queue-${nanoid(8)}`;
  await world.work({ taskQueue, ...crooked });
  const client = createClient({ temporal, taskQueue, tenant, principal: 'tester', keys });
  return { client, post };
}

describe('a notice', () => {
  test('comes out once, in words, on the first channel that takes it', async () => {
    const { opId } = await told();

    expect(await world.client.result(opId)).toMatchObject({
      ...{ kind: 'sent', opId, channel: 'sms', deliveryId: `${opId}:sms.1:1` },
    });

    expect(world.post.mailbox.sends(opId)).toMatchObject([{ channel: 'sms', text: 'A word' }]);
    expect(await row(opId)).toMatchObject({ state: 'COMPLETED', domain: 'Notification' });
    expect(await world.disagreeing()).toEqual([]);
  });

  test('leaves neither address nor data in Temporal, or in the rows that others read', async () => {
    const { opId } = await told();
    await world.client.result(opId);
    const [line] = world.post.mailbox.sends(opId);
    const history = await world.temporal.workflow.getHandle(opId).fetchHistory();
    const rows = await world.database.owner`
      select o.command::text, o.outcome::text, s.result::text, a.detail::text, x.data::text
        from ledger.operation o join ledger.step s on s.op = o.id
        join ledger.audit a on a.op = o.id join ledger.outbox x on x.op = o.id
       where o.op_id = ${opId}`;

    for (const text of [decoded(history), JSON.stringify(rows)]) {
      expect(text).toContain('sms');
      for (const secret of [line?.to, 'A word']) expect(text).not.toContain(secret);
    }
  });

  test('goes on to the next channel where one refuses, or has no address', async () => {
    const { opId } = await told({
      channels: ['email', 'sms', 'push'],
      given: { on: ['sms', 'push'] },
      bent: { sms: ['refuse-address'] },
    });

    expect(await world.client.result(opId)).toMatchObject({ kind: 'sent', channel: 'push' });

    expect(shown(opId)).toEqual([`${opId}:push.1:1`]);
    expect(await deliveries(opId)).toMatchObject([
      { channel: 'sms', state: 'failed', code: 'address-refused' },
      { channel: 'push', state: 'sent' },
    ]);
    expect(await world.disagreeing()).toEqual([]);
  });

  test('is sent again to a channel that is busy, and leaves it when that has no end', async () => {
    const soon = await told({ bent: { sms: ['retry', 'retry'] } });
    expect(await world.client.result(soon.opId)).toMatchObject({ channel: 'sms' });
    const never = await told({ bent: { sms: Array<Misbehaviour>(20).fill('retry') } });
    expect(await world.client.result(never.opId)).toMatchObject({ channel: 'push' });

    expect(shown(soon.opId)).toEqual([`${soon.opId}:sms.1:1`]);
    expect(shown(never.opId)).toEqual([`${never.opId}:push.1:1`]);
  });

  test('is in no doubt where what it says could not be read, for nothing was sent', async () => {
    let isAway = true;
    const { client, post } = await ofItsOwn({
      notices: (honest) => ({
        ...honest,
        letters: (deliveryId) => {
          if (!isAway) return honest.letters(deliveryId);
          isAway = false;
          return Promise.reject(new Error('the database is away'));
        },
      }),
    });
    const { opId } = await aNotice({ post, client }, { channels: ['email'] });

    expect(await client.result(opId, 20_000)).toMatchObject({ kind: 'sent', channel: 'email' });
    expect(shown(opId)).toHaveLength(1);
  });
});

describe('a delivery of which nobody knows', () => {
  test('is looked for where the channel can be asked', async () => {
    const { opId } = await told({ channels: ['sms'], bent: { sms: ['lost'] } });

    expect(await world.client.result(opId)).toMatchObject({ kind: 'sent', channel: 'sms' });

    expect(shown(opId)).toEqual([`${opId}:sms.1:1`]);
    expect(await deliveries(opId)).toMatchObject([{ channel: 'sms', state: 'sent' }]);
  });

  test('is sent again where its receiver shows it once', async () => {
    const { opId } = await told({ channels: ['push'], bent: { push: ['lost', 'unreached'] } });

    expect(await world.client.result(opId)).toMatchObject({ kind: 'sent', channel: 'push' });

    expect(world.post.mailbox.sends(opId)).toHaveLength(2);
    expect(shown(opId)).toEqual([`${opId}:push.1:1`]);
    expect(await world.disagreeing()).toEqual([]);
  });

  test('is sent again there until its part of the time is over', async () => {
    const unreached = Array<Misbehaviour>(8).fill('unreached');
    const { opId } = await told({ channels: ['push'], bent: { push: unreached } });

    expect(await world.client.result(opId)).toMatchObject({ kind: 'sent', channel: 'push' });

    expect(shown(opId)).toEqual([`${opId}:push.1:1`]);
  });

  test('stays so when it is refused as it is sent again', async () => {
    const shownOnce = await told({
      ...{ channels: ['webhook', 'sms'], bent: { webhook: ['lost', 'fail'] } },
    });
    expect(await world.client.result(shownOnce.opId)).toMatchObject({ channel: 'webhook' });
    const asked = await told({
      ...{ channels: ['email', 'push'], bent: { email: ['lost', 'fail'] }, onUnknown: 'resend' },
    });
    await isParked(asked.opId);

    expect(shown(shownOnce.opId)).toEqual([`${shownOnce.opId}:webhook.1:1`]);
    expect(shown(asked.opId)).toEqual([`${asked.opId}:email.1:1`]);
    expect(await deliveries(asked.opId)).toMatchObject([{ channel: 'email', state: 'unknown' }]);
  });

  test('is left to a person elsewhere, and nothing is sent behind their back', async () => {
    const { opId } = await told({ channels: ['email', 'push'], bent: { email: ['lost'] } });
    await isParked(opId);
    await world.client.verify(opId);
    await isParked(opId);

    expect(shown(opId)).toEqual([`${opId}:email.1:1`]);
    expect(await deliveries(opId)).toMatchObject([{ channel: 'email', state: 'unknown' }]);

    await world.client.withdraw(opId);
    expect(await world.client.result(opId)).toMatchObject({ code: 'undeliverable' });
    expect(await world.disagreeing()).toEqual([]);
  });

  test('is sent again when a person says so, under the same id', async () => {
    const { opId } = await told({ channels: ['email'], bent: { email: ['unreached'] } });
    await isParked(opId);

    await world.client.again(opId);

    const deliveryId = `${opId}:email.1:1`;
    expect(await world.client.result(opId)).toMatchObject({ kind: 'sent', deliveryId });
    expect(shown(opId)).toEqual([deliveryId]);
  });

  test('is sent again once, however often a person says so meanwhile', async () => {
    let sends = 0;
    const { client, post } = await ofItsOwn(
      around({
        send: async (_, opId) => {
          sends += 1;
          if (sends === 2) await client.again(opId);
          return { kind: 'unknown', reason: 'no-answer', askAgainAfterMs: 0 };
        },
      }),
    );
    const { opId } = await aNotice({ post, client }, { channels: ['email'] });
    await isParked(opId);
    await client.again(opId);
    await eventually(() => expect(sends).toBe(2));
    await isParked(opId);

    await client.verify(opId);
    await isParked(opId);

    await client.withdraw(opId);
    expect(await client.result(opId)).toMatchObject({ code: 'undeliverable' });
    expect(sends).toBe(2);
  });

  test('ends by what its provider tells', async () => {
    const { opId } = await told({ channels: ['email'], bent: { email: ['lost'] } });
    await isParked(opId);

    await world.post.desk.report(`${opId}:email.1:1`, 'delivered', undefined);
    await world.client.verify(opId);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'sent', channel: 'email' });
    expect(shown(opId)).toHaveLength(1);
  });

  test('is let go of, or sent again under its id, where the command says so', async () => {
    const bent = { email: ['lost'] } as const;
    const channels = ['email', 'push'] as const;
    const next = await told({ channels, bent, onUnknown: 'next-channel' });
    expect(await world.client.result(next.opId)).toMatchObject({ channel: 'push' });
    const again = await told({ channels, bent, onUnknown: 'resend' });
    expect(await world.client.result(again.opId)).toMatchObject({ channel: 'email' });

    expect(shown(next.opId)).toEqual([`${next.opId}:email.1:1`, `${next.opId}:push.1:1`]);
    // Twice: what it is to whom it came is told by its id.
    expect(shown(again.opId)).toEqual([`${again.opId}:email.1:1`, `${again.opId}:email.1:1`]);
    expect(await world.disagreeing()).toEqual([]);
  });
});

describe('a notice that no channel takes', () => {
  test('stands in front of a person, who has it sent again', async () => {
    const { opId } = await told({ bent: { sms: ['fail'], push: ['fail'] } });
    await isParked(opId);

    await world.client.again(opId);

    expect(await world.client.result(opId)).toMatchObject({ deliveryId: `${opId}:sms.1:2` });
    expect(shown(opId)).toEqual([`${opId}:sms.1:2`]);
    expect(await deliveries(opId)).toHaveLength(3);
    expect(await world.disagreeing()).toEqual([]);
  });

  test('is taken once, also when its end could not be written at first', async () => {
    let isBroken = true;
    const finishNotice: Around = (call) => {
      if (!isBroken) return call();
      isBroken = false;
      return Promise.reject(new TypeError('a bug of ours'));
    };
    const { client, post } = await ofItsOwn(around({ finishNotice }));
    const { opId } = await aNotice({ post, client }, { bent: { sms: ['fail'] } });
    await isParked(opId);

    await client.again(opId);

    const deliveryId = `${opId}:push.1:1`;
    expect(await client.result(opId)).toMatchObject({ kind: 'sent', deliveryId });
    expect(post.mailbox.sends(opId)).toHaveLength(1);
    expect(await world.disagreeing()).toEqual([]);
  });
});

/** All that a history says, its payloads in clear. */
function decoded(history: { readonly events?: unknown }): string {
  return JSON.stringify(history).replaceAll(/"data":"([A-Za-z0-9+/=]+)"/g, (_, data: string) =>
    Buffer.from(data, 'base64').toString('utf8'),
  );
}
