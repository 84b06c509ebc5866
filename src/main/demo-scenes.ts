import { setTimeout as delay } from 'node:timers/promises';
import { nanoid } from 'nanoid';
import { accepted, type Check, currency, type DemoWorld, type SceneReport } from './demo-world.js';
import type { BalanceBody, OperationBody } from './http-api.js';

export const accounts = {
  ...{ payer: 'alice', friend: 'bob', poor: 'carol', driver: 'dave', shop: 'shop' },
} as const;

// An amount each, so that a fault strikes only its own scene.
const amounts = { declined: 44_02, lost: 13_37, parked: 66_60, killed: 77_07 } as const;

/** Opens and funds the accounts of the demo. */
export async function openAccounts({ api, atRest }: DemoWorld): Promise<SceneReport> {
  const { payer, friend, poor, driver, shop } = accounts;
  const kinds = {
    [payer]: 'customer',
    [friend]: 'customer',
    [poor]: 'customer',
    [driver]: 'customer',
    [shop]: 'merchant',
  };
  const opened = await Promise.all(
    Object.entries(kinds).map(async ([id, kind]) => {
      const { body } = await api.post<OperationBody>('/v1/accounts', {
        ...{ id, kind, currency, owner: id },
      });
      // On a machine that is busy the answer is the operation; the account when it was quick.
      if ('opId' in body) await atRest(body.opId);
      return (await api.get(`/v1/accounts/${id}`)).status;
    }),
  );
  const funds = [
    [payer, 2_000_00],
    [friend, 300_00],
    [poor, 5_00],
  ] as const;
  const funded = await Promise.all(
    funds.map(([id, amount]) =>
      api.post<OperationBody>(
        `/v1/accounts/${id}/funding`,
        { amount, currency },
        { key: nanoid(), waitSeconds: 20 },
      ),
    ),
  );
  const operations = await Promise.all(funded.map((answer) => atRest(accepted(answer).opId)));
  return {
    title: 'Accounts are opened and funded',
    operations,
    checks: [
      check(
        'every account is there',
        opened.every((status) => status === 200),
        opened,
      ),
      endedAs('every funding is done', operations, 'COMPLETED'),
    ],
  };
}

/** Twenty at once, and each settles. */
export async function twentyAtOnce(world: DemoWorld): Promise<SceneReport> {
  const operations = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      world.pay({ account: accounts.payer, amount: 10_00 + index }),
    ),
  );
  return {
    title: '20 payments at once',
    operations,
    checks: [
      endedAs('all 20 settle', operations, 'COMPLETED'),
      await charged(world, operations, 1),
    ],
  };
}

/** The provider says no; the money comes back. */
export async function declined(world: DemoWorld): Promise<SceneReport> {
  await world.fault({ fault: 'decline', match: { amount: amounts.declined, method: 'POST' } });
  const one = await world.pay({ account: accounts.payer, amount: amounts.declined });
  return {
    title: 'A payment that the provider declines',
    operations: [one],
    checks: [refusedAs(one, 'declined')],
  };
}

/** Less is there than was asked for; the provider is never called. */
export async function insufficientFunds(world: DemoWorld): Promise<SceneReport> {
  const one = await world.pay({ account: accounts.poor, amount: 50_00 });
  return {
    title: 'A payment of more than there is',
    operations: [one],
    checks: [refusedAs(one, 'insufficient-funds'), await charged(world, [one], 0)],
  };
}

/** Money from one account to another; no provider. */
export async function transfer(world: DemoWorld): Promise<SceneReport> {
  const { friend, poor } = accounts;
  const one = await world.pay({ account: friend, payTo: poor, method: 'balance', amount: 20_00 });
  return {
    title: 'A transfer between two accounts',
    operations: [one],
    checks: [endedAs('it settles', [one], 'COMPLETED'), await charged(world, [one], 0)],
  };
}

/** The provider charges and its answer never arrives: the doubt ends with exactly one charge. */
export async function lostAnswer(world: DemoWorld): Promise<SceneReport> {
  const match = { amount: amounts.lost, method: 'POST' } as const;
  await world.fault({ fault: 'timeout-after', times: 1, match });
  const one = await world.pay({ account: accounts.payer, amount: amounts.lost });
  return {
    title: 'A payment whose answer the provider loses after charging',
    operations: [one],
    checks: [endedAs('it settles', [one], 'COMPLETED'), await charged(world, [one], 1)],
  };
}

/** The same key again: with the same command the same operation, with another one a refusal. */
export async function sameKey(world: DemoWorld): Promise<SceneReport> {
  const key = nanoid();
  const payment = { account: accounts.friend, amount: 21_00 };
  const first = await world.pay(payment, key);
  const again = await world.accept(payment, key);
  const replayed = again.headers.get('idempotency-replayed');
  const other = await world.accept({ ...payment, amount: 22_00 }, key);
  const { code = 'accepted', differs = [] } = 'code' in other.body ? other.body : {};
  return {
    title: 'The same key twice, then with another amount',
    operations: [first],
    notes: [
      `again: ${again.status}, Idempotency-Replayed: ${replayed}, ${accepted(again).opId}`,
      `another amount: ${other.status} ${code}, differs: ${differs.join(', ')}`,
    ],
    checks: [
      check(
        'the same key is the same operation',
        accepted(again).opId === first.opId && replayed === 'true',
        accepted(again).opId,
      ),
      check(
        'another amount under that key is refused',
        other.status === 422 && code === 'idempotency-key-reused' && differs.includes('amount'),
        `${other.status} ${code}`,
      ),
      await charged(world, [first], 1),
    ],
  };
}

/** The worker dies by SIGKILL while ten payments are at the provider, and is started again. */
export async function workerKilled(world: DemoWorld): Promise<SceneReport> {
  const { worker } = world.stack;
  await world.fault({
    fault: 'slow',
    delayMs: 1_000,
    match: { amount: amounts.killed, method: 'POST' },
  });
  const rule = (await world.struck()).length - 1;
  const payments = await Promise.all(
    Array.from({ length: 10 }, () =>
      world.accept({ account: accounts.payer, amount: amounts.killed }),
    ),
  );
  let atProvider = 0;
  for (let polls = 0; atProvider < 5 && polls < 200; polls += 1) {
    atProvider = (await world.struck())[rule] ?? 0;
    await delay(20);
  }
  const killed = worker.pid;
  await worker.kill();
  const unfinished = await Promise.all(payments.map((one) => stillOpen(world, accepted(one).opId)));
  await worker.start();
  const operations = await Promise.all(payments.map((one) => world.atRest(accepted(one).opId)));
  const open = unfinished.filter(Boolean).length;
  return {
    title: 'The worker is killed (SIGKILL) in the middle of 10 payments',
    operations,
    notes: [
      `worker ${killed} killed with ${open} of ${payments.length} payments open, ` +
        `${atProvider} of them at the provider; worker ${worker.pid} started`,
    ],
    checks: [
      check('payments were open when it died', open > 0, open),
      endedAs('all 10 settle after it', operations, 'COMPLETED'),
      await charged(world, operations, 1),
    ],
  };
}

/** The provider never says what became of it: a person must look, and the money stays held. */
export async function parked(world: DemoWorld): Promise<SceneReport> {
  await world.fault({ fault: 'timeout-before', match: { amount: amounts.parked, method: 'POST' } });
  const { opId } = accepted(
    await world.accept({ account: accounts.friend, amount: amounts.parked }),
  );
  await world.fault({ fault: 'down', match: { referencePrefix: opId, method: 'GET' } });
  const one = await world.atRest(opId);
  const { held } = await balanceOf(world, accounts.friend);
  return {
    title: 'A payment that the provider never answers for',
    operations: [one],
    notes: [`${accounts.friend} has ${held} held`],
    checks: [
      check('it is parked in front of a person', one.phase === 'parked', one.phase ?? one.state),
      check('its money stays held', held === one.amount, held),
    ],
  };
}

/** What an account holds, as the gateway answers. */
export async function balanceOf({ api }: DemoWorld, account: string) {
  const { status, body } = await api.get<BalanceBody>(`/v1/accounts/${account}/balance`);
  if ('held' in body) return body;
  throw new Error(`the balance of ${account} cannot be read: ${status} ${body.code}`);
}

/** A claim with what was seen. */
export function check(claim: string, holds: boolean, saw: unknown): Check {
  return { claim, holds, saw: typeof saw === 'string' ? saw : JSON.stringify(saw) };
}

/** The claim that all of them ended so. */
export function endedAs(claim: string, operations: readonly OperationBody[], state: string): Check {
  const there = operations.filter((one) => one.state === state).length;
  return check(claim, there === operations.length, `${there} of ${operations.length} ${state}`);
}

function refusedAs({ state, outcome }: OperationBody, code: string): Check {
  const saw = `${state} ${outcome?.code ?? ''}`;
  return check(`it is refused as ${code}`, saw === `FAILED ${code}`, saw);
}

/** The claim that the provider charged each so often. */
export async function charged(
  world: DemoWorld,
  operations: readonly OperationBody[],
  times: 0 | 1,
): Promise<Check> {
  const charges = await world.charges();
  const counts = operations.map((one) => charges.filter(({ opId }) => opId === one.opId).length);
  const often = times === 0 ? 'never' : 'exactly once';
  const claim = `the provider charged ${operations.length === 1 ? 'it' : 'each'} ${often}`;
  return check(
    claim,
    counts.every((count) => count === times),
    counts.join(' '),
  );
}

async function stillOpen({ api }: DemoWorld, opId: string): Promise<boolean> {
  const { body } = await api.get<OperationBody>(`/v1/operations/${opId}`);
  return 'state' in body && body.state !== 'COMPLETED' && body.state !== 'FAILED';
}
