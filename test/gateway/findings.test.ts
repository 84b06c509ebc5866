import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFindings } from '../../src/ledger/index.js';
import { aSweep } from '../support/a-sweep.js';
import { eventually } from '../support/eventually.js';
import { aGateway, type Sent, type TestGateway } from './a-gateway.js';

const ada: Sent = { as: 'operator', sub: 'ada' };

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await aGateway();
  await gateway.world.work({ sweep: aSweep(gateway.world, []) });
});
afterAll(() => gateway.stop());

/** A sweep saw so many charges that nobody knows; gives the subjects. */
async function seen(name: string, count = 1, sweep = 'sweep-1') {
  const { see } = createFindings(gateway.world.database.database);
  const subjects = Array.from({ length: count }, (_, n) => `${name}-${n}`);
  const kind = 'unknown-charge';
  const found = subjects.map((subject) => ({ kind, subject, reference: subject, evidence: {} }));
  await see(sweep, subjects, found, 60_000);
  return subjects;
}
const list = async (query: string, sent = ada) =>
  (await gateway.send('GET', `/v1/findings?${query}`, sent)).body;
const accept = (id: string, sent: Sent) =>
  gateway.send('POST', `/v1/findings/${id}/accept`, { body: { reason: 'I know of it' }, ...sent });
const findingOf = async (reference: string) =>
  (await list('limit=100')).data.find((one) => one.reference === reference);

test('are listed newest first, page by page', async () => {
  const subjects = await seen('page', 3);

  const first = await list('state=open&limit=2');
  const rest = await list(`state=open&cursor=${first.next}`);

  const listed = [...first.data, ...rest.data].map(({ reference }) => reference);
  expect(first.data).toHaveLength(2);
  expect(listed.filter((one) => subjects.includes(String(one)))).toEqual(subjects.toReversed());
  expect(await list('limit=1')).toMatchObject({
    data: [{ kind: 'unknown-charge', explained: false, times: 1, state: 'open', evidence: {} }],
  });
});

test('are accepted once by a person, and stay so when they are seen again', async () => {
  const [reference = ''] = await seen('accepted');
  const { id = '' } = (await findingOf(reference)) ?? {};

  const [once, again] = [await accept(id, ada), await accept(id, { as: 'admin' })];
  await seen('accepted', 1, 'sweep-2');

  expect([once.status, again.status, again.body.code]).toEqual([200, 409, 'invalid-state']);
  expect(once.body).toMatchObject({ state: 'resolved', resolvedBy: 'ada', note: 'I know of it' });
  expect(await findingOf(reference)).toMatchObject({ state: 'resolved', times: 2 });
});

test.each<[string, Sent, number]>([
  ['a customer', { as: 'customer' }, 403],
  ['a merchant', { as: 'merchant' }, 403],
  ['nobody', { as: null }, 401],
])('are not shown to %s', async (_, sent, status) => {
  const asked = await gateway.send('GET', '/v1/findings', sent);
  const swept = await gateway.send('POST', '/v1/findings/sweep', { ...sent, body: {} });

  expect([asked.status, swept.status]).toEqual([status, status]);
});

test('of another tenant look like those that are not there', async () => {
  const { world } = gateway;
  const account = await world.account(100_00);
  const opId = await world.pay({ account, amount: 10_00 });
  await world.client.result(opId);
  const { see } = createFindings(world.database.database);
  const found = { kind: 'captured-less', subject: 'of-ours', opId, evidence: {} };
  await see('sweep-1', ['of-ours'], [found], 0);
  const own = (await list('limit=100')).data.find((one) => one.opId === opId);
  const other: Sent = { ...ada, tenant: 'tenant-other' };

  const listed = await list('limit=100', other);
  const accepted = await accept(String(own?.id), other);

  expect(own).toMatchObject({ kind: 'captured-less', state: 'open' });
  expect(listed.data.filter((one) => one.opId === opId)).toEqual([]);
  expect([accepted.status, accepted.body.code]).toEqual([404, 'finding-unknown']);
  expect((await accept('finding_none', ada)).body.code).toBe('finding-unknown');
});

test('are looked for at once when somebody asks', async () => {
  const reference = 'op_somebody:charge.1:1';
  await fetch(`${gateway.world.providerUrl}/charges`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': reference },
    body: JSON.stringify({ reference, amount: 12_00, currency: 'EUR', capture: true }),
  });

  const answer = await gateway.send('POST', '/v1/findings/sweep', { ...ada, body: {} });

  expect([answer.status, answer.body]).toEqual([202, { started: true }]);
  await eventually(async () => expect(await findingOf(reference)).toBeDefined());
});

test('are corrected by two people, once, and say what was booked', async () => {
  const { world } = gateway;
  const account = await world.account(100_00);
  const [reference = ''] = await seen('corrected');
  const { id = '' } = (await findingOf(reference)) ?? {};
  const asked = { account, amount: 25_00, currency: 'EUR', direction: 'debit' };
  const correct = (sub: string) =>
    gateway.send('POST', `/v1/findings/${id}/correct`, {
      ...{ as: 'operator', sub, body: { ...asked, reason: `${sub} looked` } },
    });

  const [first, again] = [await correct('ada'), await correct('ada')];
  const before = await world.available(account);
  const [second, repeated] = [await correct('bob'), await correct('bob')];

  const said = (principal: string) => ({ principal, reason: `${principal} looked` });
  expect([first, again, second, repeated].map(({ status }) => status)).toEqual(
    Array.from({ length: 4 }, () => 200),
  );
  expect(again.body).toEqual(first.body);
  expect(first.body).toMatchObject({ state: 'open', correction: { by: [said('ada')] } });
  expect(second.body).toMatchObject({
    ...{ state: 'resolved', resolvedBy: 'bob' },
    correction: { ...asked, by: [said('ada'), said('bob')] },
  });
  expect(Object.keys(second.body['correction'] as object).sort()).toEqual([
    ...['account', 'amount', 'by', 'currency', 'direction', 'opId'],
  ]);
  expect(repeated.body).toEqual(second.body);
  expect([before, await world.available(account)]).toEqual([100_00, 75_00]);
  const { opId } = second.body['correction'] as { opId: string };
  expect((await gateway.send('GET', `/v1/operations/${opId}`)).body).toMatchObject({
    ...{ domain: 'Correction', state: 'COMPLETED', amount: 25_00 },
    outcome: { kind: 'settled', amount: 25_00 },
  });
  const { body: listed } = await gateway.send('GET', '/v1/operations?domain=Correction');
  expect(listed.data.map((one) => one.opId)).toEqual([opId]);
  const { body: history } = await gateway.send('GET', `/v1/operations/${opId}/history`);
  expect(history.data).toMatchObject([{ step: 'correct', result: 'settled', amount: 25_00 }]);
});

test.each<[string, object, Sent, number, string]>([
  ['an account that is not there', { account: 'nobody' }, ada, 404, 'account-unknown'],
  ['more than there is', { amount: 100_01 }, ada, 402, 'insufficient-funds'],
  ['another currency', { currency: 'JPY' }, ada, 422, 'currency-mismatch'],
  ['no direction', { direction: undefined }, ada, 422, 'field-required'],
  ['an empty reason', { reason: '' }, ada, 422, 'field-required'],
  ['a customer', {}, { as: 'customer' }, 403, 'forbidden'],
])('are not corrected for %s', async (_, change, sent, status, code) => {
  const account = await gateway.world.account(100_00);
  const [reference = ''] = await seen(`refused-${code}-${status}`);
  const { id } = (await findingOf(reference)) ?? {};
  const asked = { account, amount: 1, currency: 'EUR', direction: 'debit', reason: 'I looked' };

  const { body, ...answer } = await gateway.send('POST', `/v1/findings/${id}/correct`, {
    ...{ ...sent, body: { ...asked, ...change } },
  });

  expect([answer.status, body.code]).toEqual([status, code]);
});
