import { nanoid } from 'nanoid';
import { expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import {
  type AccountId,
  commands,
  lateCommandOf,
  type OpId,
  type OutsideAnswer,
} from '../../src/domain/index.js';
import { aMoneyWorld } from '../support/money-world.js';

// A success that comes to light after its operation had ended: the provider acted all the same.
const here = aMoneyWorld();

const amount = 12_34;

/** A payment that was withdrawn before anything was charged. */
async function aWithdrawnPayment() {
  const account = await here.world.account(100_00);
  const taskQueue = `queue-${nanoid(8)}`;
  const { temporal, tenant } = here.world;
  const client = createClient({ temporal, tenant, taskQueue });
  const payload = { account, amount, currency: 'EUR', capture: 'automatic', method: 'card' };
  const { opId } = await client.start({ ...commands.payment, idemKey: nanoid(), payload });
  const withdrawn = client.withdraw(opId);
  await here.world.work({ taskQueue });
  await withdrawn;
  expect(await client.result(opId)).toMatchObject({ code: 'withdrawn' });
  return { account, opId };
}

/** The call that was thought lost arrives at the provider after all. */
async function actLate(opId: OpId, capture: boolean): Promise<OutsideAnswer> {
  const reference = `${opId}:${capture ? 'charge' : 'authorize'}.1:1`;
  const answer = await fetch(`${here.world.providerUrl}/charges`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': reference },
    body: JSON.stringify({ reference, amount, currency: 'EUR', capture }),
  });
  const { id: chargeId } = (await answer.json()) as { id: string };
  const kind = capture ? 'captured' : 'authorized';
  return { kind, reference, chargeId, minor: amount, currency: 'EUR' };
}

async function tell(opId: OpId, account: AccountId, told: OutsideAnswer): Promise<OpId> {
  const command = lateCommandOf(opId, account, told);
  if (command === undefined) throw new Error('nothing to give back');
  return (await here.world.client.start(command, { parentOpId: opId })).opId;
}

test.each([
  ['a capture is refunded', true, { refundedAmount: amount }],
  ['an authorisation is voided', false, { status: 'voided' }],
])('%s once, however often it is told, and the payment stays as it was', async (_, took, seen) => {
  const { account, opId } = await aWithdrawnPayment();
  const told = await actLate(opId, took);

  const lates = await Promise.all([0, 1, 2].map(() => tell(opId, account, told)));

  expect(new Set(lates).size).toBe(1);
  const [late = opId] = lates;
  expect(await here.world.client.result(late)).toMatchObject({
    kind: 'returned',
    returned: amount,
  });
  expect((await here.atProvider('charges', opId))[0]).toMatchObject(seen);
  expect(await here.world.reads.operation(here.world.tenant, opId)).toMatchObject({
    state: 'FAILED',
  });
  expect(await here.world.available(account)).toBe(100_00);
  expect(await here.world.disagreeing()).toEqual([]);
});

test('is given back once when the answer to that is lost too', async () => {
  const { account, opId } = await aWithdrawnPayment();
  const told = await actLate(opId, true);
  const match = {
    method: 'POST',
    path: `/charges/${String((await here.atProvider('charges', opId))[0]?.id)}/refunds`,
  };
  await here.world.fault({ fault: 'timeout-after', times: 1, match: { ...match, method: 'POST' } });

  const late = await tell(opId, account, told);

  expect(await here.world.client.result(late)).toMatchObject({ kind: 'returned' });
  expect((await here.atProvider('charges', opId))[0]).toMatchObject({ refundedAmount: amount });
});

test('what a payment settled on is not late, and is not given back', async () => {
  const account = await here.world.account(100_00);
  const opId = await here.world.pay({ account, amount });
  await here.world.client.result(opId);
  const [charge] = await here.world.charges(opId);
  const reference = `${opId}:charge.1:1`;
  const told = { kind: 'captured', reference, chargeId: charge?.id ?? '', minor: amount } as const;

  const late = await tell(opId, account, { ...told, currency: 'EUR' });

  expect(await here.world.client.result(late)).toMatchObject({
    kind: 'fail',
    code: 'already-known',
  });
  expect((await here.atProvider('charges', opId))[0]).toMatchObject({ refundedAmount: 0 });
  expect(await here.world.available(account)).toBe(100_00 - amount);
});

test('what the provider let go by itself is only written down', async () => {
  const { account, opId } = await aWithdrawnPayment();
  const told = await actLate(opId, false);
  const id = String((await here.atProvider('charges', opId))[0]?.id);
  const reference = `${opId}:void.9:1`;
  await fetch(`${here.world.providerUrl}/charges/${id}/void`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': reference },
    body: JSON.stringify({ reference }),
  });

  const late = await tell(opId, account, told);

  expect(await here.world.client.result(late)).toMatchObject({ kind: 'returned' });
  const voids = await fetch(`${here.world.providerUrl}/voids?reference=${late}`);
  expect(await voids.json()).toMatchObject({ data: [] });
});
