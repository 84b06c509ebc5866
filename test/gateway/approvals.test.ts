import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccountId } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import { type Answer, aGateway, type Sent, type TestGateway } from './a-gateway.js';

let gateway: TestGateway;
let account: AccountId;
beforeAll(async () => {
  gateway = await aGateway({ approvalAbove: 50_00 });
  await gateway.world.work();
  account = await gateway.world.account(1_000_00, { owner: 'ada' });
});
afterAll(() => gateway.stop());

const bob: Sent = { as: 'operator', sub: 'bob' };

async function awaiting(sent: Sent = {}): Promise<string> {
  const { body } = await gateway.pay({ account, amount: 60_00 }, sent);
  await eventually(async () => {
    const { body: now } = await gateway.send('GET', body.links.self);
    expect(now).toMatchObject({ state: 'IN_PROGRESS', phase: 'awaiting-approval' });
  });
  return body.links.self;
}

const say = (path: string, verdict: string, by: Sent, body: unknown = { reason: 'I called' }) =>
  gateway.send('POST', `${path}/${verdict}`, { body, ...by });
const said = ({ status, body }: Answer) => [status, body.code ?? 'accepted'];
const ended = (path: string) =>
  eventually(async () => {
    const { body } = await gateway.send('GET', path);
    expect(body.outcome).toBeDefined();
    return body.outcome;
  });

test('a second person approves what one asked for, and it settles', async () => {
  const path = await awaiting({ as: 'operator', sub: 'ada' });

  const own = await say(path, 'approve', { as: 'operator', sub: 'ada' });
  const { status, headers, body } = await say(path, 'approve', bob);

  expect(said(own)).toEqual([403, 'second-person-needed']);
  expect([status, headers.get('location')]).toEqual([202, path]);
  expect(body.links.self).toBe(path);
  expect(await ended(path)).toMatchObject({ kind: 'settled' });
  expect(said(await say(path, 'refuse', bob))).toEqual([409, 'invalid-state']);
});

test('a second person refuses it, and the money goes back', async () => {
  const before = await gateway.world.available(account);
  const path = await awaiting();

  expect(said(await say(path, 'refuse', bob))).toEqual([202, 'accepted']);

  expect(await ended(path)).toMatchObject({ kind: 'fail', code: 'approval-refused' });
  expect(await gateway.world.available(account)).toBe(before);
});

test('nobody but the staff decides, with a reason, about what they may see', async () => {
  const path = await awaiting({ as: 'customer', sub: 'ada' });
  const unknown = '/v1/operations/op_aaaaaaaaaaaaaaaaaaaaaaaaaa';

  const answers = [
    await say(path, 'approve', { as: 'merchant', sub: 'bob' }),
    await say(path, 'approve', { as: 'customer', sub: 'bob' }),
    await say(path, 'approve', bob, {}),
    await say(path, 'approve', { ...bob, tenant: 'another' }),
    await say(unknown, 'approve', bob),
  ];

  expect(answers.map(said)).toEqual([
    [403, 'forbidden'],
    [403, 'forbidden'],
    [422, 'field-required'],
    [404, 'operation-unknown'],
    [404, 'operation-unknown'],
  ]);
  expect((await gateway.send('GET', path)).body['phase']).toBe('awaiting-approval');
});

test('what is not above the amount waits for nobody', async () => {
  const { body } = await gateway.pay(
    { account, amount: 50_00 },
    { headers: { prefer: 'wait=20' } },
  );

  expect(body.outcome).toMatchObject({ kind: 'settled' });
});

test('a method can be chosen only for a payment that is deferred', async () => {
  const path = await awaiting();
  const method = `/v1/payments/${path.split('/').at(-1) ?? ''}/method`;
  const choose = (body: unknown, headers = { 'idempotency-key': 'another-way' }) =>
    gateway.send('POST', method, { body, headers });

  expect(said(await choose({ method: 'balance' }))).toEqual([409, 'invalid-state']);
  expect(said(await choose({ method: 'cash' }))).toEqual([422, 'field-invalid']);
  expect(said(await choose({ method: 'card' }))).toEqual([422, 'idempotency-key-reused']);
  const { status } = await gateway.send('POST', method, { body: { method: 'balance' } });
  expect(status).toBe(400);
});
