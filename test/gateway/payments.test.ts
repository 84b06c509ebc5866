import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aGateway, type TestGateway } from './a-gateway.js';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await aGateway({ ladderMs: [200, 200, 60_000] });
  await gateway.world.work();
});
afterAll(() => gateway.stop());

const wait = { prefer: 'wait=20' };

describe('a payment over HTTP', () => {
  test('is accepted at once and can be read from then on', async () => {
    const account = await gateway.world.account(100_00);

    const { status, headers, body } = await gateway.pay({ account });
    const read = await gateway.send('GET', headers.get('location') ?? '');

    expect([status, body.state]).toEqual([202, 'PENDING']);
    expect(headers.get('location')).toBe(`/v1/operations/${body.opId}`);
    expect(headers.get('idempotency-replayed')).toBeNull();
    expect(read.status).toBe(200);
    expect(read.body).toMatchObject({
      opId: body.opId,
      domain: 'Payment',
      eventType: 'PaymentRequested',
      bizKey: body.opId,
      account,
      amount: 30_00,
      currency: 'EUR',
      links: { self: `/v1/operations/${body.opId}`, account: `/v1/accounts/${account}` },
    });
  });

  test('is settled in the answer of a caller who waits', async () => {
    const account = await gateway.world.account(100_00);

    const { status, body } = await gateway.pay({ account }, { headers: wait });

    expect([status, body.state, body.outcome.kind]).toEqual([200, 'COMPLETED', 'settled']);
    expect(await gateway.world.available(account)).toBe(70_00);
    expect(await gateway.world.charges(body.opId)).toHaveLength(1);
  });

  test.each([
    ['insufficient-funds', 100_01],
    ['declined', 9_044_02],
  ])(
    'that is refused as %s is 402 for a caller who waits, and an operation',
    async (code, amount) => {
      const account = await gateway.world.account(code === 'declined' ? 10_000_00 : 100_00);

      const { status, body } = await gateway.pay({ account, amount }, { headers: wait });

      expect([status, body.state, body.outcome.code]).toEqual([402, 'FAILED', code]);
      expect((await gateway.send('GET', body.links.self)).status).toBe(200);
    },
  );

  test('that is in doubt when the wait is over is 202 with its phase', async () => {
    const account = await gateway.world.account(20_000_00);

    const { status, body } = await gateway.pay(
      { account, amount: 9_042_02 },
      { headers: { prefer: 'respond-async, wait=2' } },
    );

    expect([status, body.state]).toEqual([202, 'IN_PROGRESS']);
    expect(['charging', 'in-doubt']).toContain(body.phase);
  });

  test.each(['', 'wait', 'wait=', 'wait=-1', 'wait=abc', 'wait=1.5', 'respond-async'])(
    'does not wait for the preference "%s"',
    async (prefer) => {
      const account = await gateway.world.account(100_00);

      expect((await gateway.pay({ account }, { headers: { prefer } })).status).toBe(202);
    },
  );

  test('moves money between two accounts without a provider', async () => {
    const account = await gateway.world.account(100_00);
    const payTo = await gateway.world.account(0, { owner: 'somebody' });

    const { status, body } = await gateway.pay(
      { account, payTo, method: 'balance' },
      { headers: wait, as: 'merchant' },
    );

    expect([status, body.state]).toEqual([200, 'COMPLETED']);
    expect(await gateway.world.available(payTo)).toBe(30_00);
    expect(await gateway.world.charges(body.opId)).toEqual([]);
  });

  test('carries the trace of its caller, or one of its own', async () => {
    const account = await gateway.world.account(100_00);
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traceparent = `00-${trace}-00f067aa0ba902b7-01`;

    const { body } = await gateway.pay({ account }, { headers: { ...wait, traceparent } });
    const other = await gateway.pay({ account }, { headers: { ...wait, traceparent: 'garbage' } });

    const { owner } = gateway.world.database;
    const traceOf = async (opId: string) =>
      (await owner`select trace from ledger.operation where op_id = ${opId}`)[0]?.trace;
    const history = await gateway.world.temporal.workflow.getHandle(body.opId).fetchHistory();
    const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
    const carried = Object.values(started?.header?.fields ?? {}).map(({ data }) =>
      Buffer.from(data ?? []),
    );
    expect(Buffer.concat(carried).toString()).toContain(trace);
    expect(await traceOf(body.opId)).toBe(trace);
    expect(await traceOf(other.body.opId)).toMatch(/^(?!4bf92f35)[0-9a-f]{32}$/);
    const line = gateway.lines.find(({ opId }) => opId === body.opId);
    expect(line).toMatchObject({ traceId: trace, status: 200, route: '/v1/payments' });
  });

  test('keeps its description and metadata sealed, out of rows, Temporal and the log', async () => {
    const account = await gateway.world.account(100_00);
    const secret = `for-${nanoid()}`;

    const { body } = await gateway.pay(
      { account, description: secret, metadata: { note: secret } },
      { headers: wait },
    );

    const { owner } = gateway.world.database;
    const [row] = await owner`select o::text as clear, o.sealed from ledger.operation o
      where op_id = ${body.opId}`;
    const sealed = Buffer.from(row?.sealed).toString('base64');
    const opened = gateway.world.keys.open(sealed, body.opId);
    const history = await gateway.world.temporal.workflow.getHandle(body.opId).fetchHistory();
    expect(opened).toEqual({ description: secret, metadata: { note: secret } });
    expect(row?.clear).not.toContain(secret);
    expect(Buffer.from(JSON.stringify(history)).toString()).not.toContain(secret);
    expect(JSON.stringify(gateway.lines)).not.toContain(secret);
  });
});

describe('the same key again', () => {
  test('is the same operation, however the same body is written', async () => {
    const account = await gateway.world.account(100_00);
    const headers = { 'idempotency-key': nanoid(), ...wait };
    const first = await gateway.pay({ account, metadata: { a: '1', b: '2' } }, { headers });
    const written = `{ "metadata": {"b":"2","a":"1"}, "currency":"EUR", "amount": 3000.0,
      "account":"${account}"}`;

    const again = await gateway.send('POST', '/v1/payments', { headers, body: written });

    expect([again.status, again.body.opId]).toEqual([200, first.body.opId]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(again.body).toEqual(first.body);
    expect(await gateway.world.available(account)).toBe(70_00);
  });

  test.each([
    ['amount', { amount: 30_01 }, ['amount']],
    ['currency', { currency: 'USD' }, ['currency']],
    ['account', { account: 'another' }, ['account']],
    ['free text', { description: 'other' }, ['description']],
    ['everything', { amount: 1, bizKey: 'b', method: 'balance', payTo: 'x' }, undefined],
  ])('with another %s is refused and names what differs', async (_, other, differs) => {
    const account = await gateway.world.account(100_00);
    const headers = { 'idempotency-key': nanoid() };
    await gateway.pay({ account, description: 'first' }, { headers: { ...headers, ...wait } });

    const body = { account, description: 'first', ...other };
    const again = await gateway.pay(body, { headers });

    expect([again.status, again.body.code]).toEqual([422, 'idempotency-key-reused']);
    expect(again.body.differs).toEqual(differs ?? ['amount', 'bizKey', 'method', 'payTo']);
    expect(again.text).not.toContain('first');
    expect(await gateway.world.available(account)).toBe(70_00);
  });

  test('at the same moment is one operation and never an error', async () => {
    const account = await gateway.world.account(100_00);
    const headers = { 'idempotency-key': nanoid() };

    const answers = await Promise.all(
      Array.from({ length: 12 }, () => gateway.pay({ account }, { headers })),
    );

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => body.opId)).size).toBe(1);
    const fresh = answers.filter((answer) => !answer.headers.has('idempotency-replayed'));
    expect(fresh).toHaveLength(1);
    const settled = await gateway.pay({ account }, { headers: { ...headers, ...wait } });
    expect(settled.body.state).toBe('COMPLETED');
    expect(await gateway.world.available(account)).toBe(70_00);
  });

  test('of somebody else, in this tenant or another, is an operation of its own', async () => {
    const account = await gateway.world.account(100_00);
    const headers = { 'idempotency-key': nanoid(), ...wait };
    const first = await gateway.pay({ account }, { headers, sub: 'ada' });

    const second = await gateway.pay({ account }, { headers, sub: 'bob' });
    const foreign = await gateway.pay({ account }, { headers, tenant: 'other' });

    expect(second.body.opId).not.toBe(first.body.opId);
    expect(second.headers.has('idempotency-replayed')).toBe(false);
    expect([foreign.status, foreign.body.code]).toEqual([404, 'account-unknown']);
  });

  test('after a refusal gives the first refusal, also with money there by then', async () => {
    const account = await gateway.world.account(10_00);
    const headers = { 'idempotency-key': nanoid(), ...wait };
    const first = await gateway.pay({ account }, { headers });
    const fund = { amount: 100_00, currency: 'EUR' };
    await gateway.send('POST', `/v1/accounts/${account}/funding`, {
      body: fund,
      headers: { 'idempotency-key': nanoid(), ...wait },
    });

    const again = await gateway.pay({ account }, { headers });

    expect([first.status, again.status]).toEqual([402, 402]);
    expect(again.body).toEqual(first.body);
  });

  test('after a body that was refused is free for the corrected one', async () => {
    const account = await gateway.world.account(100_00);
    const headers = { 'idempotency-key': nanoid(), ...wait };

    expect((await gateway.pay({ account, amount: -1 }, { headers })).status).toBe(422);
    expect((await gateway.pay({ account }, { headers })).body.state).toBe('COMPLETED');
  });

  test('is answered although the account was closed since', async () => {
    const account = await gateway.world.account(30_00);
    const headers = { 'idempotency-key': nanoid(), ...wait };
    const first = await gateway.pay({ account }, { headers });
    const { headers: read } = await gateway.send('GET', `/v1/accounts/${account}`);
    await gateway.send('PATCH', `/v1/accounts/${account}`, {
      body: { status: 'closed' },
      headers: { 'if-match': read.get('etag') ?? '' },
    });

    const again = await gateway.pay({ account }, { headers });
    const fresh = await gateway.pay({ account });

    expect([again.status, again.body.opId]).toEqual([200, first.body.opId]);
    expect([fresh.status, fresh.body.code]).toEqual([409, 'account-closed']);
  });
});
