import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IdempotencyKeyReused } from '../../src/client/index.js';
import { commands, type OpId } from '../../src/domain/index.js';
import { createEvents, createSides } from '../../src/ledger/index.js';
import { createNoticeSink, createRelay } from '../../src/outbox/index.js';
import { isBooked, payoutOf } from '../operations/a-ride.js';
import { theChannels } from '../support/a-channel.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';

/** A world whose events are made notices of, and relays that do it. */
async function aWorldThatTells() {
  const world = await aRunningWorld();
  const { database } = world.database;
  const events = createEvents(database, 'notices');
  await events.open();
  const faults: unknown[] = [];
  const sink = createNoticeSink({
    ...{ sidesOf: createSides(database), start: world.client.start },
    isKeyReused: (error) => error instanceof IdempotencyKeyReused,
  });
  const relay = createRelay({ events, sink, onFault: (error) => void faults.push(error) });
  const relayed = async () => {
    while ((await relay.once()) > 0);
    expect(faults).toEqual([]);
  };
  return { world, sink, relayed };
}

/** An account of somebody who can be told. */
async function reachable(world: RunningWorld, funds: number) {
  const owner = `owner-${nanoid(6)}`;
  const recipient = await world.post.recipient({ owner });
  return { account: await world.account(funds, { owner }), recipient };
}

/** What was said of an operation, oldest first: to which side, in which template. */
async function told(world: RunningWorld, opId: OpId) {
  const rows = await world.database.owner<{ opId: OpId; key: string; state: string }[]>`
    select op_id as "opId", idem_key as key, state from ledger.operation
     where parent_op_id = ${opId} and domain = 'Notification' order by idem_key`;
  return rows.map(({ key, ...row }) => ({ ...row, said: key.slice(opId.length + 1) }));
}

async function sent(world: RunningWorld, opId: OpId, said: readonly string[]) {
  return eventually(async () => {
    const notices = await told(world, opId);
    expect(notices.map((one) => [one.said, one.state])).toEqual(
      said.map((one) => [one, 'COMPLETED']),
    );
    return notices.map((one) => world.post.mailbox.sends(one.opId).map(({ text }) => text));
  });
}

describe('what happens to money', () => {
  let place: Awaited<ReturnType<typeof aWorldThatTells>>;
  let world: RunningWorld;
  beforeAll(async () => {
    place = await aWorldThatTells();
    world = place.world;
    await world.work();
  });
  afterAll(() => world.close());

  const change = (recipient: string): Promise<unknown> =>
    world.database.owner`
      update ledger.recipient_address a set replaced_at = now() from ledger.recipient r
       where r.id = a.recipient and r.recipient_id = ${recipient} and channel = 'push'`;

  test.each([
    ['', () => Promise.resolve()],
    [', also when an address has gone since', change],
  ])('is told to who paid, once for the same event%s', async (_, meanwhile) => {
    const { account, recipient } = await reachable(world, 100_00);
    const opId = await world.pay({ account, amount: 12_50 });
    await world.client.result(opId);

    await place.relayed();
    const texts = await sent(world, opId, ['payment-settled:payer']);
    await meanwhile(recipient);
    // As when a relay died before it wrote that they were taken.
    await world.database.owner`
      insert into ledger.delivery (sink, event, op, seq, tenant, trace, next_attempt_at)
      select 'notices', x.id, x.op, x.seq, x.tenant, x.trace, now() from ledger.outbox x
        join ledger.operation o on o.id = x.op where o.op_id = ${opId}`;
    await place.relayed();

    expect(texts).toEqual([[`Your payment of 12.50 EUR is settled. Reference: ${opId}.`]]);
    expect(await sent(world, opId, ['payment-settled:payer'])).toEqual(texts);
    expect(await world.disagreeing()).toEqual([]);
  });

  test('is told to nobody where nobody is registered, or has an address', async () => {
    const owner = `owner-${nanoid(6)}`;
    await world.post.recipient({ owner, on: [] });
    const opIds = [
      await world.pay({ account: await world.account(100_00) }),
      await world.pay({ account: await world.account(100_00, { owner }) }),
    ];
    for (const opId of opIds) await world.client.result(opId);

    await place.relayed();

    for (const opId of opIds) expect(await told(world, opId)).toEqual([]);
  });

  test('of a ride is told to both at its match, and to the driver at the payout', async () => {
    const [rider, driver] = [await reachable(world, 100_00), await reachable(world, 0)];
    const payload = { account: rider.account, amount: 20_00, currency: 'EUR' };
    const { opId } = await world.client.start({ ...commands.ride, idemKey: nanoid(), payload });
    const found = { driver: driver.account, destination: 'bank_1' };
    await eventually(async () =>
      expect((await world.client.matchRide(opId, found)).kind).toBe('accepted'),
    );
    await isBooked(world, opId);
    await place.relayed();
    await sent(world, opId, ['ride-matched:payee', 'ride-matched:payer']);

    await world.client.completeRide(opId, 15_00);
    await world.client.result(opId);
    const payout = payoutOf(world, opId);
    await eventually(async () => {
      const row = await world.reads.operation(world.tenant, payout);
      expect(row).toMatchObject({ state: 'COMPLETED' });
    });
    await place.relayed();

    const [texts] = await sent(world, payout, ['ride-paid-out:payer']);
    expect(texts?.[0]).toContain('15.00 EUR');
    const to = world.post.mailbox.sends((await told(world, payout))[0]?.opId ?? '');
    expect(to).toHaveLength(1);
  });

  test('of a ride that is cancelled is told to both', async () => {
    const [rider, driver] = [await reachable(world, 100_00), await reachable(world, 0)];
    const payload = { account: rider.account, amount: 20_00, currency: 'EUR' };
    const { opId } = await world.client.start({ ...commands.ride, idemKey: nanoid(), payload });
    await eventually(async () =>
      expect((await world.client.matchRide(opId, { driver: driver.account })).kind).toBe(
        'accepted',
      ),
    );
    await isBooked(world, opId);

    await world.client.cancelRide(opId, 'driver');
    await world.client.result(opId);
    await place.relayed();

    await sent(world, opId, [
      ...['ride-cancelled:payee', 'ride-cancelled:payer'],
      ...['ride-matched:payee', 'ride-matched:payer'],
    ]);
  });
});

test('money goes on as ever while every channel is down for ever', async () => {
  const { world, relayed } = await aWorldThatTells();
  const down = theChannels({ file: world.post.mailbox.file }, () => 'unreached');
  await world.work({ notices: (honest) => ({ ...honest, channels: down }) });
  const payers = await Promise.all(Array.from({ length: 5 }, () => reachable(world, 100_00)));

  const opIds = await Promise.all(
    payers.map(({ account }) => world.pay({ account, amount: 30_00 })),
  );
  const results = await Promise.all(opIds.map((opId) => world.client.result(opId)));
  await relayed();

  expect(results.map((result) => result?.kind)).toEqual(Array(5).fill('settled'));
  for (const { account } of payers) expect(await world.available(account)).toBe(70_00);
  for (const opId of opIds) {
    await eventually(async () =>
      expect(await told(world, opId)).toMatchObject([{ state: 'IN_PROGRESS' }]),
    );
  }
  const owed = await world.database.owner`select from ledger.delivery`;
  expect(owed).toHaveLength(0);
  expect(await world.disagreeing()).toEqual([]);
  await world.close();
});
