import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccountId } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import { aGateway, type Answer, type TestGateway } from './a-gateway.js';

let gateway: TestGateway;
let stopWorking: () => Promise<void>;
let account: AccountId;
const wait = { prefer: 'wait=20' };

beforeAll(async () => {
  gateway = await aGateway();
  stopWorking = await gateway.world.work();
  account = await gateway.world.account(10_000_00, { owner: 'ada' });
});
afterAll(() => gateway.stop());

const list = (query: string, sent = {}) => gateway.send('GET', `/v1/operations${query}`, sent);
const idsOf = ({ body }: Answer): string[] => body.data.map(({ opId }: { opId: string }) => opId);

describe('a list of operations', () => {
  test('goes from the newest to the oldest, page by page, each once', async () => {
    const bizKey = nanoid();
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      made.unshift(
        (await gateway.pay({ account, amount: 1, bizKey }, { headers: wait })).body.opId,
      );
    }

    const first = await list(`?bizKey=${bizKey}&limit=2&count=true`);
    const second = await list(`?bizKey=${bizKey}&limit=2&cursor=${first.body.next}`);
    const third = await list(`?bizKey=${bizKey}&limit=2&cursor=${second.body.next}`);

    expect([first, second, third].flatMap(idsOf)).toEqual(made);
    expect([first.body.totalCount, second.body.totalCount]).toEqual([5, undefined]);
    expect(third.body.next).toBeNull();
  });

  test('holds what the filters ask for', async () => {
    const bizKey = nanoid();
    const paid = await gateway.pay({ account, amount: 1, bizKey }, { headers: wait });
    const refused = await gateway.pay({ account, amount: 99_999_00, bizKey }, { headers: wait });
    const { acceptedAt } = refused.body;
    const just = encodeURIComponent(acceptedAt);

    expect(idsOf(await list(`?bizKey=${bizKey}&state=COMPLETED`))).toEqual([paid.body.opId]);
    expect(idsOf(await list(`?bizKey=${bizKey}&state=FAILED`))).toEqual([refused.body.opId]);
    expect(idsOf(await list(`?bizKey=${bizKey}&phase=parked`))).toEqual([]);
    expect(idsOf(await list(`?bizKey=${bizKey}&account=${account}&domain=Payment`))).toHaveLength(
      2,
    );
    expect(idsOf(await list(`?bizKey=${bizKey}&from=${just}`))).toEqual([refused.body.opId]);
    expect(idsOf(await list(`?bizKey=${bizKey}&to=${just}`))).toEqual([paid.body.opId]);
    expect(idsOf(await list('?domain=Account&limit=100'))).not.toContain(paid.body.opId);
  });

  test("is a customer's own: what it asked for, and what happened to its accounts", async () => {
    const bizKey = nanoid();
    const theirs = await gateway.world.account(10_00, { owner: 'bob' });
    const byBob = await gateway.pay(
      { account: theirs, amount: 1, bizKey },
      { headers: wait, as: 'customer', sub: 'bob' },
    );
    const onBobs = await gateway.pay({ account: theirs, amount: 2, bizKey }, { headers: wait });
    await gateway.pay({ account, amount: 3, bizKey }, { headers: wait });

    const bobs = await list(`?bizKey=${bizKey}&count=true`, { as: 'customer', sub: 'bob' });
    const eves = await list(`?account=${theirs}&count=true`, { as: 'customer', sub: 'eve' });
    const others = await list(`?account=${theirs}`, { tenant: 'other' });

    expect(idsOf(bobs)).toEqual([onBobs.body.opId, byBob.body.opId]);
    expect(bobs.body.totalCount).toBe(2);
    expect([eves.body, others.body.data]).toEqual([{ data: [], next: null, totalCount: 0 }, []]);
  });

  test.each([
    ...['limit=0', 'limit=-1', 'limit=101', 'limit=1e9', 'limit=abc', 'limit=', 'limit=1&limit=2'],
    ...['state=password', 'phase=1;drop', 'count=yes', 'from=yesterday', 'to=2026-02-30T00:00:00Z'],
    ...['sort=password', 'tenant=other', 'userId=*', 'account=%25', 'account=', 'bizKey='],
    `bizKey=${encodeURIComponent('é')}`,
    `account=${'(a+)+$'.repeat(100)}`,
  ])('asked for with %s is refused', async (query) => {
    const answer = await list(`?${query}`);

    expect([answer.status, answer.body.code]).toEqual([400, 'query-invalid']);
    expect(answer.body.errors).toHaveLength(1);
  });

  test('takes no cursor that we did not give to this tenant', async () => {
    await gateway.pay({ account, amount: 1 }, { headers: wait });
    const { next } = (await list('?limit=1')).body;
    const forged = Buffer.from('99.0123456789abcdef0123456789abcdef').toString('base64url');
    const row = Buffer.from(next, 'base64url').toString().split('.')[0];
    const moved = Buffer.from(
      Buffer.from(next, 'base64url')
        .toString()
        .replace(`${row}.`, `${Number(row) + 1}.`),
    ).toString('base64url');

    const answers = await Promise.all([
      ...['x', '', '..', next.slice(0, -4), forged, moved].map((one) => list(`?cursor=${one}`)),
      list(`?cursor=${next}`, { tenant: 'other' }),
    ]);

    expect(answers.map(({ body }) => body.code)).toEqual(answers.map(() => 'cursor-invalid'));
    expect((await list(`?cursor=${next}`)).status).toBe(200);
  });
});

describe('withdrawing a payment', () => {
  const cancel = (opId: string, body?: unknown) =>
    gateway.send('POST', `/v1/payments/${opId}/cancel`, { body });

  test('that is final is refused, and changes nothing', async () => {
    const { body } = await gateway.pay({ account, amount: 5 }, { headers: wait });

    const answer = await cancel(body.opId, { reason: 'changed my mind' });

    expect([answer.status, answer.body.code]).toEqual([409, 'invalid-state']);
    expect((await gateway.send('GET', body.links.self)).body).toEqual(body);
  });

  test('with a body that is wrong is refused', async () => {
    const { body } = await gateway.pay({ account, amount: 5 }, { headers: wait });

    expect((await cancel(body.opId, { reason: 7 })).body.code).toBe('text-invalid');
    expect((await cancel(body.opId, { amount: 7 })).body.code).toBe('unknown-field');
  });

  test('that is no payment is refused as unknown', async () => {
    const key = { 'idempotency-key': nanoid(), ...wait };
    const sent = { body: { amount: 1, currency: 'EUR' }, headers: key };
    const { body } = await gateway.send('POST', `/v1/accounts/${account}/funding`, sent);

    expect((await cancel(body.opId)).body.code).toBe('operation-unknown');
  });
});

describe('an operation whose first step has not run', () => {
  test('can be read, asked for again, and withdrawn before its charge', async () => {
    const paying = await gateway.world.account(100_00, { owner: 'ada' });
    const { owner } = gateway.world.database;
    await stopWorking();
    const headers = { 'idempotency-key': nanoid() };
    const { body } = await gateway.pay({ account: paying }, { headers, as: 'customer' });
    const path = `/v1/operations/${body.opId}`;

    const read = await gateway.send('GET', path, { as: 'customer' });
    const foreign = await gateway.send('GET', path, { as: 'customer', sub: 'eve' });
    const another = await gateway.send('GET', path, { tenant: 'other' });
    await owner`update ledger.account set status = 'frozen' where account_id = ${paying}`;
    const again = await gateway.pay({ account: paying }, { headers, as: 'customer' });
    const other = await gateway.pay({ account: paying, amount: 1 }, { headers, as: 'customer' });
    await owner`update ledger.account set status = 'open' where account_id = ${paying}`;

    expect(read.body).toMatchObject({ opId: body.opId, state: 'PENDING', account: paying });
    expect([foreign.status, another.status]).toEqual([404, 404]);
    expect([again.status, again.body.opId]).toEqual([202, body.opId]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect([other.status, other.body.differs]).toEqual([422, ['amount']]);

    // The wish reaches the payment with its first step.
    const withdrawn = eventually(async () => {
      const answer = await gateway.send('POST', `/v1/payments/${body.opId}/cancel`);
      expect(answer.status).toBe(202);
      return answer;
    });
    stopWorking = await gateway.world.work();
    expect((await withdrawn).headers.get('location')).toBe(path);
    const ended = await gateway.pay(
      { account: paying },
      { headers: { ...headers, ...wait }, as: 'customer' },
    );
    expect([ended.status, ended.body.outcome.code]).toEqual([200, 'withdrawn']);
    expect(await gateway.world.available(paying)).toBe(100_00);
    expect(await gateway.world.charges(body.opId)).toEqual([]);
    const repeated = await gateway.send('POST', `/v1/payments/${body.opId}/cancel`);
    expect([repeated.status, repeated.body.state]).toEqual([202, 'FAILED']);
  });
});
