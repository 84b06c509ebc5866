import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase } from '../../src/database/index.js';
import type { OpId } from '../../src/domain/index.js';
import { applyWaiting } from '../../src/gateway/index.js';
import { createInbox } from '../../src/ledger/index.js';
import { eventually } from '../support/eventually.js';
import { aGateway, type TestGateway, webhookSecret } from './a-gateway.js';
import {
  aPaymentInDoubt,
  chargeOf,
  referenceFor,
  type Sent,
  signalsOf,
  storedAs,
  tell,
} from './a-webhook.js';

describe('a webhook', () => {
  let gateway: TestGateway;
  let opId: OpId;
  beforeAll(async () => {
    // A ladder so long that only evidence could end the doubt.
    gateway = await aGateway({ requestTimeoutMs: 300, ladderMs: [3_600_000] });
    await gateway.world.work();
    await gateway.world.fault({
      match: { method: 'POST', path: '/charges', amount: 30_00 },
      fault: 'timeout-before',
    });
    opId = await aPaymentInDoubt(gateway);
  });
  afterAll(() => gateway.stop());

  test('is stored and told to its operation, once however often it comes', async () => {
    const eventId = nanoid();
    const sent = { eventId, data: chargeOf(opId, { metadata: { email: 'ada@example.com' } }) };
    const evidence = {
      ...{ kind: 'captured', reference: referenceFor(opId), chargeId: 'ch_1' },
      ...{ minor: 30_00, currency: 'EUR' },
    };
    const before = await signalsOf(gateway, opId);

    const first = await tell(gateway, sent);
    const again = [await tell(gateway, sent), await tell(gateway, sent)];

    expect([first.status, first.body]).toEqual([200, { id: eventId, state: 'applied' }]);
    expect(again.map(({ status, body }) => [status, body])).toEqual([
      [200, first.body],
      [200, first.body],
    ]);
    expect(await storedAs(gateway, eventId)).toEqual([
      { op_id: opId, state: 'applied', reason: null, evidence },
    ]);
    await eventually(async () =>
      expect((await signalsOf(gateway, opId)).slice(before.length)).toEqual([evidence]),
    );
  });

  test('five times at once is one row, and tells the operation nothing but that', async () => {
    // One of its own: what it is told ends the doubt, and what comes after an end is judged late.
    const other = await aPaymentInDoubt(gateway);
    const sent = { eventId: nanoid(), data: chargeOf(other) };

    const answers = await Promise.all(Array.from({ length: 5 }, () => tell(gateway, sent)));

    expect(answers.map(({ status, body }) => [status, body.state])).toEqual(
      Array.from({ length: 5 }, () => [200, 'applied']),
    );
    const [row, ...others] = await storedAs(gateway, sent.eventId);
    expect([row?.['state'], others]).toEqual(['applied', []]);
    // Those that came before the first was applied may each have told it.
    const told = await eventually(async () => {
      const signals = await signalsOf(gateway, other);
      expect(signals.length).toBeGreaterThan(0);
      return signals;
    });
    expect(told).toEqual(told.map(() => row?.['evidence']));
  });

  test('that does not fit what was asked is told all the same: the operation judges', async () => {
    const other = await aPaymentInDoubt(gateway);

    const { body } = await tell(gateway, { data: chargeOf(other, { currency: 'USD', amount: 1 }) });

    expect(body.state).toBe('applied');
    // A signal that meets a workflow task is in the history once that has ended.
    const judged = [{ kind: 'contradicted', detail: 'another captured amount' }];
    await eventually(async () => expect(await signalsOf(gateway, other)).toMatchObject(judged));
  });

  test.each([
    ['an unknown operation', chargeOf('op_nobody' as OpId), {}, 'held', 'operation-unknown'],
    ['nothing of ours', { id: 'ch_1', reference: 'order 7' }, {}, 'ignored', 'no-evidence'],
    ['an unknown thing', {}, { type: 'dispute.opened' }, 'ignored', 'no-evidence'],
  ])('about %s is stored, never applied, and said aloud', async (_, over, more, state, reason) => {
    const eventId = nanoid();
    const before = await signalsOf(gateway, opId);

    const sent = { eventId, data: { ...chargeOf(opId), ...over }, ...more };
    const answers = [await tell(gateway, sent), await tell(gateway, sent)];

    expect(answers.map(({ status, body }) => [status, body.state])).toEqual([
      [200, state],
      [200, state],
    ]);
    expect(await storedAs(gateway, eventId)).toMatchObject([{ state, reason }]);
    expect(await signalsOf(gateway, opId)).toEqual(before);
    expect(gateway.lines.filter((line) => line['eventId'] === eventId)).toMatchObject([
      { level: 'warn', provider: 'sandbox', state, reason },
    ]);
  });

  test('of a workflow that is gone while its row is open waits for a person', async () => {
    const other = await aPaymentInDoubt(gateway);
    await gateway.world.temporal.workflow.getHandle(other).terminate();
    const eventId = nanoid();

    const { status } = await tell(gateway, { eventId, data: chargeOf(other) });

    expect(status).toBe(200);
    expect(await storedAs(gateway, eventId)).toMatchObject([
      { op_id: other, state: 'held', reason: 'workflow-missing' },
    ]);
  });

  test.each<[string, Sent, number, string]>([
    ['of another secret', { secret: Buffer.alloc(32) }, 401, 'signature-invalid'],
    ['written anew', { body: '{ "type":"charge.captured"}' }, 401, 'signature-invalid'],
    ['of another length', { body: '' }, 401, 'signature-invalid'],
    ['without a signature', { headers: { 'webhook-signature': '' } }, 401, 'signature-required'],
    ['of last week', { atSeconds: 1_700_000_000 }, 401, 'timestamp-invalid'],
    [
      'with a token for one',
      { headers: { authorization: 'Bearer x', 'webhook-signature': 'v1,x' } },
      401,
      'signature-invalid',
    ],
    ['to another provider', { provider: 'acme' }, 404, 'provider-unknown'],
    ['to what every object has', { provider: 'constructor' }, 404, 'provider-unknown'],
    ['of 5 MB', { body: ' '.repeat(5_000_000) }, 413, 'body-too-large'],
    ['of 1,000 events', { body: `[${'{"a":1},'.repeat(9_000)}]` }, 413, 'body-too-large'],
    ['without an event', { type: '' }, 400, 'webhook-unreadable'],
  ])('%s is refused and not stored', async (_, wrong, status, code) => {
    const sent = { eventId: nanoid(), data: chargeOf(opId) };
    const before = await signalsOf(gateway, opId);

    const answer = await tell(gateway, { ...sent, ...wrong });

    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.has('www-authenticate')).toBe(status === 401);
    expect(await storedAs(gateway, sent.eventId)).toEqual([]);
    expect(await signalsOf(gateway, opId)).toEqual(before);
  });

  test('in a charset that says so is checked by its bytes', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-16' };

    const answers = [
      await tell(gateway, { data: chargeOf(opId), headers }),
      await tell(gateway, { secret: Buffer.alloc(32), headers }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([200, 401]);
  });

  test('leaves no signature, secret or word of a person in a log', async () => {
    const data = chargeOf(opId, { metadata: { email: 'ada@example.com' } });
    await tell(gateway, { data });
    await tell(gateway, { data, secret: Buffer.alloc(32) });

    const log = JSON.stringify(gateway.lines);
    expect(log).not.toMatch(/v1,[A-Za-z0-9+/]{20}|ada@example|webhook-signature/);
    expect(log).not.toContain(webhookSecret.toString('base64'));
    expect(gateway.lines.at(-1)).toMatchObject({ route: '/v1/webhooks/:provider', status: 401 });
    expect(await gateway.metrics.text()).toContain(
      'holdfast_webhooks_total{provider="sandbox",state="refused"',
    );
  });
});

describe('a webhook of an operation that has ended', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await aGateway();
    await gateway.world.work();
  });
  afterAll(() => gateway.stop());

  async function aPayment(amount: number): Promise<{ opId: OpId; chargeId: string }> {
    const { world } = gateway;
    const opId = await world.pay({ account: await world.account(20_000_00), amount });
    const result = await world.client.result(opId);
    return { opId, chargeId: (result as { chargeId?: string } | undefined)?.chargeId ?? 'ch_0' };
  }

  test('says nothing new when it is what the operation ended with', async () => {
    const { opId, chargeId } = await aPayment(30_00);
    const eventId = nanoid();

    const { body } = await tell(gateway, { eventId, data: chargeOf(opId, { id: chargeId }) });

    expect(body.state).toBe('ignored');
    expect(await storedAs(gateway, eventId)).toMatchObject([{ reason: 'already-known' }]);
    expect(gateway.lines.filter((line) => line['eventId'] === eventId)).toEqual([]);
  });

  test('is given back or kept for a person when it says something else, in any order', async () => {
    const { opId, chargeId } = await aPayment(30_00);
    const events = {
      captured: { data: chargeOf(opId, { id: chargeId }) },
      other: { data: chargeOf(opId, { id: 'ch_other' }) },
      refunded: { type: 'charge.refunded', data: chargeOf(opId, { id: 're_1', chargeId }) },
      declined: { type: 'charge.declined', data: chargeOf(opId, { id: chargeId }) },
    };
    const before = await gateway.world.reads.operation(gateway.world.tenant, opId);
    // A second charge begins the operation that gives it back; nobody can undo the others.
    const words = { captured: 'ignored', other: 'applied', refunded: 'held', declined: 'held' };

    for (const order of permutations(Object.keys(events) as (keyof typeof events)[])) {
      const states = [];
      for (const name of order) states.push((await tell(gateway, events[name])).body.state);
      expect(states).toEqual(order.map((name) => words[name]));
    }

    expect(await gateway.world.reads.operation(gateway.world.tenant, opId)).toEqual(before);
    expect(await gateway.world.disagreeing()).toEqual([]);
    const { body } = await gateway.send('GET', '/v1/cases', { as: 'operator' });
    const cases = body.data.filter((one) => one.opId === opId);
    // All of them in one, of which the latest ten.
    const evidence = { told: expect.objectContaining({ length: 10 }) };
    expect(cases).toMatchObject([
      { kind: 'contradiction', state: 'open', currency: 'EUR', evidence },
    ]);
  });
});

describe('a webhook while Temporal is away', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await aGateway({
      ...{ requestTimeoutMs: 300, ladderMs: [3_600_000] },
      temporalAddress: async () => '127.0.0.1:9',
    });
    await gateway.world.work();
    await gateway.world.fault({ match: { method: 'POST' }, fault: 'timeout-before' });
  });
  afterAll(() => gateway.stop());

  test('is stored, asked for again, and applied by the sweep once it is back', async () => {
    const opId = await aPaymentInDoubt(gateway);
    const eventId = nanoid();
    const sent = { eventId, data: chargeOf(opId) };

    const answer = await tell(gateway, sent);
    const kept = await storedAs(gateway, eventId);
    const { world, metrics } = gateway;
    const database = createDatabase({
      ...{ url: world.database.readerUrl, poolMax: 1, applicationName: 'test-sweep' },
    });
    const deps = {
      ...{ client: world.client, reads: world.reads, metrics, inbox: createInbox(database) },
      ...{
        log: gateway.log,
        outageOf: () => undefined,
        judgeLate: () => Promise.reject(new Error(opId)),
      },
    };
    const swept = [await applyWaiting(deps, 10), await applyWaiting(deps, 10)];
    await database.close(1_000);

    expect([answer.status, answer.body.code]).toEqual([503, 'unavailable']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(kept).toMatchObject([{ op_id: opId, state: 'received' }]);
    expect(swept).toEqual([1, 0]);
    expect(await signalsOf(gateway, opId)).toMatchObject([{ kind: 'captured' }]);
    expect((await tell(gateway, sent)).body.state).toBe('applied');
    expect(await storedAs(gateway, eventId)).toMatchObject([{ state: 'applied' }]);
  });
});

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  );
}
