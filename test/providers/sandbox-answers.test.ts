import { expect, test } from 'vitest';
import { money } from '../../src/domain/index.js';
import { createSandboxProvider } from '../../src/providers/sandbox/index.js';
import { aProvider } from './a-provider.js';
import { referenceOne as reference } from './a-sandbox.js';

const amount = money(12_50, 'USD');
const patient = { requestTimeoutMs: 30_000 };
const contradicted = (detail: string) => ({ kind: 'contradicted', reference, detail });
const unknown = (reason: string, askAgainAfterMs = 1_000) => ({
  kind: 'unknown',
  reason,
  askAgainAfterMs,
});

const good = {
  id: 'ch_1',
  reference,
  status: 'captured',
  amount: 12_50,
  currency: 'USD',
  capturedAmount: 12_50,
  refundedAmount: 0,
};
const ok = (value: object) => ({ kind: 'ok', value });
const refused = (cause: string) => ({ kind: 'fail', code: 'provider-refused', cause });
const unreadable = unknown('unreadable-answer');

/** Status, body, headers of an answer to a charge; how the charge is understood. */
const answers: [number, unknown, Record<string, string>, object][] = [
  [200, good, {}, ok({ kind: 'captured', chargeId: 'ch_1' })],
  [201, { ...good, more: { is: 'fine' } }, {}, ok({ kind: 'captured' })],
  [201, '', {}, unreadable],
  [204, '', {}, unreadable],
  [201, 'null', {}, unreadable],
  [201, '[]', {}, unreadable],
  [201, '{}', {}, unreadable],
  [201, JSON.stringify(good).slice(0, -9), {}, unreadable],
  [201, JSON.stringify(good).replace('1250', 'NaN'), {}, unreadable],
  [201, { ...good, id: undefined }, {}, unreadable],
  [201, { ...good, id: '' }, {}, unreadable],
  [201, { ...good, id: 'ch 1' }, {}, unreadable],
  [201, { ...good, amount: '1250' }, {}, unreadable],
  [201, { ...good, currency: null }, {}, unreadable],
  [201, { ...good, status: 'splendid' }, {}, unreadable],
  [201, { ...good, reference: 'op_two:charge.1:1' }, {}, ok(contradicted('another reference'))],
  [201, { ...good, amount: 12_51 }, {}, ok(contradicted('another amount'))],
  [201, { ...good, amount: 12.5 }, {}, ok(contradicted('another amount'))],
  [201, { ...good, currency: 'usd' }, {}, ok(contradicted('another currency'))],
  [201, { ...good, capturedAmount: 1 }, {}, ok(contradicted('another captured amount'))],
  [201, { ...good, capturedAmount: undefined }, {}, ok(contradicted('another captured amount'))],
  [201, { ...good, status: 'authorized' }, {}, ok(contradicted('the charge is authorized'))],
  [201, { ...good, status: 'voided' }, {}, ok(contradicted('the charge is voided'))],
  [201, { ...good, status: 'expired' }, {}, ok(contradicted('the charge is expired'))],
  [201, { ...good, status: 'declined' }, {}, ok({ kind: 'declined', declineCode: 'declined' })],
  [201, { ...good, status: 'declined', amount: 1 }, {}, ok(contradicted('another amount'))],
  [400, { code: 'body-invalid' }, {}, refused('body-invalid')],
  [409, { code: 'reference-fenced' }, {}, refused('reference-fenced')],
  [422, { code: 'card-unknown' }, {}, refused('card-unknown')],
  [400, '<h1>Bad Request</h1>', {}, unknown('status-400')],
  [409, {}, {}, unknown('status-409')],
  [401, { code: 'token-invalid' }, {}, unknown('status-401')],
  [404, { code: 'not-found' }, {}, unknown('status-404')],
  [408, { code: 'timeout' }, {}, unknown('status-408')],
  [429, '', {}, { kind: 'retry', nextRetryAfterMs: 1_000 }],
  [429, '', { 'retry-after': '5' }, { kind: 'retry', nextRetryAfterMs: 5_000 }],
  [429, '', { 'retry-after': '999999999' }, { kind: 'retry', nextRetryAfterMs: 86_400_000 }],
  [
    429,
    '',
    { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' },
    { kind: 'retry', nextRetryAfterMs: 0 },
  ],
  [429, '', { 'retry-after': 'soon' }, { kind: 'retry', nextRetryAfterMs: 1_000 }],
  [500, { ...good }, {}, unknown('status-500')],
  [503, '', { 'retry-after': '5' }, unknown('status-503', 5_000)],
  [201, 'x'.repeat(65_537), {}, unknown('body-too-large')],
];

test.each(answers)('understands %i %j %o', async (status, body, headers, outcome) => {
  const { url } = await aProvider((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const provider = createSandboxProvider({ baseUrl: url, ...patient });

  expect(await provider.perform({ step: 'charge', reference, amount })).toMatchObject(outcome);
});

test.each([301, 302, 303, 307, 308])('follows no redirect with %i', async (status) => {
  let asked = 0;
  const elsewhere = await aProvider((_request, response) => {
    asked += 1;
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(good));
  });
  const { url } = await aProvider((_request, response) => {
    response.writeHead(status, { location: `${elsewhere.url}/charges` }).end();
  });
  const provider = createSandboxProvider({ baseUrl: url, ...patient });

  expect(await provider.perform({ step: 'charge', reference, amount })).toEqual(
    unknown('connection-lost'),
  );
  expect(await provider.find({ step: 'charge', reference, amount })).toEqual(
    unknown('connection-lost'),
  );
  expect(asked).toBe(0);
});

const unknownLookUps: [number, unknown][] = [
  [200, { data: 'none' }],
  [200, { data: [{}] }],
  [200, {}],
  [400, { code: 'query-invalid' }],
  [404, { code: 'not-found' }],
  [500, { data: [] }],
];

test.each(unknownLookUps)('learns nothing from a look-up with %i %j', async (status, body) => {
  const { url } = await aProvider((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const provider = createSandboxProvider({ baseUrl: url, ...patient });

  expect(await provider.find({ step: 'charge', reference, amount })).toMatchObject({
    kind: 'unknown',
  });
});

test('gives up on a body that never ends', async () => {
  const { url } = await aProvider((_request, response) => {
    response.writeHead(201, { 'content-type': 'application/json' }).write('{"id":');
  });
  const provider = createSandboxProvider({ baseUrl: url, requestTimeoutMs: 200 });

  expect(await provider.perform({ step: 'charge', reference, amount })).toEqual(unknown('timeout'));
});
