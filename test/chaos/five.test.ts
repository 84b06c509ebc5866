import { randomBytes } from 'node:crypto';
import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../../src/database/index.js';
import { commands, type OpId } from '../../src/domain/index.js';
import { testConfig } from '../../src/main/config.js';
import { migrationsDir } from '../../src/main/schema.js';
import { startPostgres } from '../../src/servers/index.js';
import { wrongs } from '../operations/play.js';
import { type Around, around } from '../support/around.js';
import { seenBy } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import type { Strike } from '../support/message-proxy.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import { aLane, type Lane } from './a-lane.js';
import type { SocketName } from './cells.js';
import { isHeld } from './running-races.js';

const [funds, amount] = [100_00, 30_00];
const options = { timeout: 120_000 };
let lane: Lane;
let held = 0;
beforeAll(async () => {
  lane = await aLane();
});
afterAll(async () => {
  await lane.close();
  process.stdout.write(`chaos: ${held}/5\n`);
});

test('1 of 5: a worker that is killed in reserve holds the money once', options, async () => {
  const { world } = lane;
  const account = await world.account(funds);
  const { opId, pay } = aPayment(world, { account, amount });

  await killed('postgres', inVerb('hold', opId), pay);

  await settledOnce(world, opId, amount, ['charge.1']);
  expect(await world.available(account)).toBe(funds - amount);
  held += 1;
});

test('2 of 5: a worker that is killed in the call leaks no money', options, async () => {
  const { world } = lane;
  const account = await world.account(funds);
  const captured = amount - 12_34;
  const ending = { capture: 'multiple', holdExpiresAt: Date.now() + 15_000 };
  const { opId, pay } = aPayment(world, { account, amount, ...ending });
  await pay();
  const key = nanoid();
  const takes = () => world.client.capture(opId, { amount: captured }, key);
  await isHeld(world, opId);

  await killed(
    'provider',
    (_, data) => data.includes(`${opId}:capture.1:1`),
    async () => {
      expect(await takes()).toEqual({ kind: 'accepted' });
    },
  );

  // What was not captured is let go when the time of the hold is over.
  await settledOnce(world, opId, captured, ['authorize.1', 'capture.1', 'void.1']);
  expect(await world.available(account)).toBe(funds - captured);
  held += 1;
});

test('3 of 5: a worker that is killed in settle settles once', options, async () => {
  const { world } = lane;
  const account = await world.account(funds);
  const { opId, pay } = aPayment(world, { account, amount });

  await killed('postgres', inVerb('settle', opId), pay);

  await settledOnce(world, opId, amount, ['charge.1']);
  expect(await world.available(account)).toBe(funds - amount);
  held += 1;
});

test('4 of 5: a database that is restarted loses and doubles nothing', options, async () => {
  const server = await aServer();
  const { database } = server;
  const shaken = await aLane({ books: { database, tenant: 'shaken' } });
  try {
    const { world } = shaken;
    const account = await world.account(funds);
    await world.fault({ fault: 'slow', delayMs: 700, match: { method: 'POST' } });
    const payments = Array.from({ length: 8 }, () => aPayment(world, { account, amount: 5_00 }));
    await Promise.all(payments.map(({ pay }) => pay()));
    await eventually(async () => expect(await world.available(account)).toBeLessThan(funds));

    await server.restart();

    for (const { opId } of payments) await settledOnce(world, opId, 5_00, ['charge.1']);
    expect(await world.available(account)).toBe(funds - 8 * 5_00);
  } finally {
    await shaken.close();
    await database.drop();
  }
  held += 1;
});

test('5 of 5: what is delivered twice is done once', options, async () => {
  const [holds, settles] = [deliveredTwice(), deliveredTwice()];
  const world = await aRunningWorld();
  try {
    await world.work(around({ hold: holds.step, settle: settles.step }));
    const account = await world.account(funds);
    const { opId, pay } = aPayment(world, { account, amount });

    await Promise.all([pay(), pay()]);

    await settledOnce(world, opId, amount, ['charge.1']);
    expect([holds.deliveries(), settles.deliveries()]).toEqual([2, 2]);
    expect(await world.available(account)).toBe(funds - amount);
  } finally {
    await world.close();
  }
  held += 1;
});

function aPayment({ client }: RunningWorld, payload: object) {
  const { domain, eventType } = commands.payment;
  const whole = { currency: 'EUR', capture: 'automatic', method: 'card', ...payload };
  const command = { domain, eventType, idemKey: nanoid(), payload: whole };
  return { opId: client.identify(command).opId, pay: () => client.start(command) };
}

/** The worker dies at the message, by which what it asked for is on its way. */
async function killed(socket: SocketName, at: Strike['at'], act: () => Promise<unknown>) {
  const proxy = lane.proxies[socket];
  // The texts of the statements are said once a connection.
  lane.proxies.postgres.cut();
  proxy.begin({ fault: 'kill', at });
  await act();
  await eventually(() => expect(proxy.hasStruck()).toBe(true), { timeoutMs: 60_000 });
  await lane.whole();
}

/** The message that carries what the verb is called with: the text was said before. */
function inVerb(verb: string, opId: OpId): Strike['at'] {
  let isSaid = false;
  return (_, data) => {
    isSaid ||= data.includes(`ledger.${verb}_v`);
    return isSaid && data.includes(opId);
  };
}

async function settledOnce(
  world: RunningWorld,
  opId: OpId,
  minor: number,
  effects: readonly string[],
): Promise<void> {
  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor });
  expect(await world.effects(opId)).toEqual(effects);
  expect(await wrongs(world, opId)).toEqual([]);
}

/** A step whose first delivery says nothing until it was delivered and done again. */
function deliveredTwice() {
  let deliveries = 0;
  let tell = () => {};
  const again = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const step: Around = async (call) => {
    deliveries += 1;
    const isFirst = deliveries === 1;
    const answer = await call();
    if (isFirst) await again;
    else tell();
    return answer;
  };
  return { step, deliveries: () => deliveries };
}

/** A PostgreSQL of its own, migrated. */
async function aServer() {
  const server = await startPostgres({
    ...{ cacheDir: testConfig().cacheDir, keep: false, onProgress: () => undefined },
  });
  const password = randomBytes(16).toString('hex');
  const roles = { worker: { password }, reader: { password } };
  await migrate({ url: server.url, folder: migrationsDir, roles });
  const passwords = { worker: password, reader: password };
  return { restart: server.restart, database: seenBy(server.url, passwords, server.stop) };
}
