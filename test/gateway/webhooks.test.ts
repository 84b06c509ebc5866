import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import { aGateway, type TestGateway } from './a-gateway.js';
import { type Charge, senders } from './a-sender.js';
import {
  aPaymentInDoubt,
  referenceFor,
  type Sent,
  signalsOf,
  storedAs,
  tell as tellFrom,
} from './a-webhook.js';

describe.each(senders)('a webhook of $provider', (from) => {
  let gateway: TestGateway;
  let opId: OpId;
  const tell = (sent: Sent) => tellFrom(gateway, from, sent);
  const captured = (of: OpId, over: Partial<Charge> = {}) =>
    from.captured({ reference: referenceFor(of), ...over });
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
    const sent = { eventId, ...captured(opId, { metadata: { email: 'ada@example.com' } }) };
    const evidence = {
      ...{ kind: 'captured', reference: referenceFor(opId), chargeId: 'ch_1' },
      ...{ minor: 30_00, currency: 'EUR' },
    };
    const before = await signalsOf(gateway, opId);

    const first = await tell(sent);
    const again = [await tell(sent), await tell(sent)];

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
    const sent = { eventId: nanoid(), ...captured(other) };

    const answers = await Promise.all(Array.from({ length: 5 }, () => tell(sent)));

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

    const { body } = await tell(captured(other, { currency: 'USD', amount: 1 }));

    expect(body.state).toBe('applied');
    // A signal that meets a workflow task is in the history once that has ended.
    const judged = [{ kind: 'contradicted', detail: 'another captured amount' }];
    await eventually(async () => expect(await signalsOf(gateway, other)).toMatchObject(judged));
  });

  test.each([
    ['an unknown operation', captured('op_nobody' as OpId), 'held', 'operation-unknown'],
    ['nothing of ours', from.captured({ reference: 'order 7' }), 'ignored', 'no-evidence'],
    ['an unknown thing', from.unheardOf, 'ignored', 'no-evidence'],
  ])('about %s is stored, never applied, and said aloud', async (_, told, state, reason) => {
    const eventId = nanoid();
    const before = await signalsOf(gateway, opId);

    const sent = { eventId, ...told };
    const answers = [await tell(sent), await tell(sent)];

    expect(answers.map(({ status, body }) => [status, body.state])).toEqual([
      [200, state],
      [200, state],
    ]);
    expect(await storedAs(gateway, eventId)).toMatchObject([{ state, reason }]);
    expect(await signalsOf(gateway, opId)).toEqual(before);
    expect(gateway.lines.filter((line) => line['eventId'] === eventId)).toMatchObject([
      { level: 'warn', provider: from.provider, state, reason },
    ]);
  });

  test('of a workflow that is gone while its row is open waits for a person', async () => {
    const other = await aPaymentInDoubt(gateway);
    await gateway.world.temporal.workflow.getHandle(other).terminate();
    const eventId = nanoid();

    const { status } = await tell({ eventId, ...captured(other) });

    expect(status).toBe(200);
    expect(await storedAs(gateway, eventId)).toMatchObject([
      { op_id: other, state: 'held', reason: 'workflow-missing' },
    ]);
  });

  const stranger = Buffer.alloc(32);
  const digest = /(?<=v1[,=]).*/;
  test.each<[string, Sent, number, string]>([
    ['of another secret', { secret: stranger }, 401, 'signature-invalid'],
    ['of an empty secret', { secret: Buffer.alloc(0) }, 401, 'signature-invalid'],
    ['written anew', { body: '{ "type":"charge.captured"}' }, 401, 'signature-invalid'],
    ['of another length', { body: '' }, 401, 'signature-invalid'],
    ['without a signature', { signature: () => '' }, 401, 'signature-required'],
    ['cut short', { signature: (made) => made.slice(0, -1) }, 401, 'signature-invalid'],
    [
      'in capitals',
      { signature: (made) => made.replace(digest, (text) => text.toUpperCase()) },
      401,
      'signature-invalid',
    ],
    [
      'of another algorithm',
      { signature: (made) => made.replace('v1', 'v0') },
      401,
      'signature-invalid',
    ],
    ['of 301 s ago', { at: (now) => `${now - 301}` }, 401, 'timestamp-invalid'],
    // A second more, for one may pass until it is read.
    ['of 301 s from now', { at: (now) => `${now + 302}` }, 401, 'timestamp-invalid'],
    ['of no time', { at: () => '' }, 401, 'signature-required'],
    ['of half a second', { at: (now) => `${now}.5` }, 401, 'timestamp-invalid'],
    ['in milliseconds', { at: (now) => `${now}000` }, 401, 'timestamp-invalid'],
    [
      'with a token for one',
      { headers: { authorization: 'Bearer x' }, signature: (made) => made.replace(digest, 'x') },
      401,
      'signature-invalid',
    ],
    ['to another provider', { provider: 'acme' }, 404, 'provider-unknown'],
    ['to what every object has', { provider: 'constructor' }, 404, 'provider-unknown'],
    ['of 5 MB', { body: ' '.repeat(5_000_000) }, 413, 'body-too-large'],
    ['of 1,000 events', { body: `[${'{"a":1},'.repeat(9_000)}]` }, 413, 'body-too-large'],
    ['without an event', { type: '' }, 400, 'webhook-unreadable'],
  ])('%s is refused and not stored', async (_, wrong, status, code) => {
    const sent = { eventId: nanoid(), ...captured(opId) };
    const before = await signalsOf(gateway, opId);

    const answer = await tell({ ...sent, ...wrong });

    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.has('www-authenticate')).toBe(status === 401);
    expect(await storedAs(gateway, sent.eventId)).toEqual([]);
    expect(await signalsOf(gateway, opId)).toEqual(before);
  });

  test.each<[string, Sent]>([
    ['with the secret that is being replaced', { secret: from.older }],
    ['290 s ago', { at: (now) => `${now - 290}` }],
    ['300 s from now', { at: (now) => `${now + 300}` }],
  ])('signed %s is taken', async (_, sent) => {
    const { status } = await tell({ ...from.unheardOf, ...sent });

    expect(status).toBe(200);
  });

  test('in a charset that says so is checked by its bytes', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-16' };

    const answers = [
      await tell({ ...captured(opId), headers }),
      await tell({ secret: stranger, headers }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([200, 401]);
  });

  test('leaves no signature, secret or word of a person in a log', async () => {
    const told = captured(opId, { metadata: { email: 'ada@example.com' } });
    await tell(told);
    await tell({ ...told, secret: stranger });

    const log = JSON.stringify(gateway.lines);
    expect(log).not.toMatch(/v1[,=][A-Za-z0-9+/]{20}|ada@example/);
    expect(log).not.toContain(from.signatureHeader);
    expect(log).not.toContain(from.secret.toString());
    expect(log).not.toContain(Buffer.from(from.secret).toString('base64'));
    expect(gateway.lines.at(-1)).toMatchObject({ route: '/v1/webhooks/:provider', status: 401 });
    expect(await gateway.metrics.text()).toContain(
      `holdfast_webhooks_total{provider="${from.provider}",state="refused"`,
    );
  });
});
