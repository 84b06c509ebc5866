import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import {
  accountIdOf,
  type OpId,
  parseAccountEdit,
  parseAccountOpen,
  parseCaptureWish,
  parseCorrection,
  parseExtension,
  parseFunding,
  parseMethodChoice,
  parsePaymentCommand,
  parsePayoutCommand,
  parseRecipient,
  parseRefundCommand,
  parseRideCancel,
  parseRideCommand,
  parseRideCompletion,
  parseRideMatch,
} from '../../src/domain/index.js';
import { notificationBody, recipientBody } from '../../src/gateway/notice-schemas.js';
import { parseNotice } from '../../src/gateway/notifications.js';
import { caseActBody } from '../../src/gateway/case-schemas.js';
import { parseCaseAct } from '../../src/gateway/cases.js';
import { correctionBody } from '../../src/gateway/findings.js';
import {
  captureBody,
  extensionBody,
  methodBody,
  paymentBody,
  payoutBody,
  refundBody,
} from '../../src/gateway/payment-schemas.js';
import {
  rideBody,
  rideCancelBody,
  rideCompletionBody,
  rideMatchBody,
} from '../../src/gateway/ride-schemas.js';
import { accountEditBody, accountOpenBody, fundingBody } from '../../src/gateway/schemas.js';
import { aGateway, type TestGateway } from './a-gateway.js';
import { orderBody } from '../../src/gateway/order-schemas.js';
import { parseOrderCommand } from '../../src/domain/index.js';
// new operations go above this line

describe('the description of the API', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await aGateway();
  });
  afterAll(() => gateway.stop());

  test('is the one that was agreed on; vitest -u writes it anew', async () => {
    const { status, body } = await gateway.send('GET', '/openapi.json', { as: null });

    expect([status, body.openapi]).toEqual([200, '3.1.0']);
    // As YAML, in which a difference is read more easily.
    await expect(stringify(body, { lineWidth: 100 })).toMatchFileSnapshot('openapi.yaml');
  });

  test('can be read by people, with a policy for its scripts', async () => {
    const page = await gateway.send('GET', '/docs/', { as: null });

    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(page.text).toContain('swagger-ui');
  });

  test('counts and logs requests by their routes', async () => {
    await gateway.send('GET', '/v1/operations/op_nobody');

    const text = await gateway.metrics.text();
    expect(text).toContain('endpoint="/v1/operations/:opId",status="404"');
    expect(text).toMatch(/^active_connections\{.*\} [1-9]/m);
    expect(text).not.toContain('op_nobody');
    expect(gateway.lines.at(-1)).toMatchObject({
      message: 'answered',
      method: 'GET',
      route: '/v1/operations/:opId',
      status: 404,
      tenant: gateway.world.tenant,
      userId: 'ada',
      opId: 'op_nobody',
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });
});

describe('the description of a body allows what its parser takes, and no more', () => {
  const account = accountIdOf('a');
  const bodies = {
    payment: {
      schema: paymentBody,
      parse: (body: unknown) => parsePaymentCommand(body, 'key-key-key'),
      good: { account: 'a', amount: 1, currency: 'EUR' },
    },
    capture: { schema: captureBody, parse: parseCaptureWish, good: { amount: 1 } },
    extension: {
      schema: extensionBody,
      parse: parseExtension,
      good: { holdExpiresAt: '2030-01-31T12:00:00+01:00' },
    },
    method: { schema: methodBody, parse: parseMethodChoice, good: { method: 'card' } },
    refund: {
      schema: refundBody,
      parse: (body: unknown) =>
        parseRefundCommand(body, 'key-key-key', {
          payment: 'op_1' as OpId,
          ...{ account, currency: 'EUR' as const },
        }),
      good: { amount: 1 },
    },
    payout: {
      schema: payoutBody,
      parse: (body: unknown) => parsePayoutCommand(body, 'key-key-key'),
      good: { account: 'a', amount: 1, currency: 'EUR', destination: 'bank_1' },
    },
    opening: {
      schema: accountOpenBody,
      parse: (body: unknown) =>
        parseAccountOpen(
          body,
          () => account,
          () => 'key-key-key',
        ),
      good: { currency: 'EUR', kind: 'merchant' },
    },
    funding: {
      schema: fundingBody,
      parse: (body: unknown) => parseFunding(body, account, 'key-key-key'),
      good: { amount: 1, currency: 'EUR' },
    },
    edit: {
      schema: accountEditBody,
      parse: (body: unknown) => parseAccountEdit(body, account, 1, 'key-key-key'),
      good: { status: 'open' },
    },
    order: {
      schema: orderBody,
      parse: (body: unknown) => parseOrderCommand(body, 'key-key-key'),
      good: { account: 'a', amount: 1, currency: 'EUR', items: [{ sku: 'mug', quantity: 1 }] },
    },
    // new operations go above this line
    settling: {
      schema: caseActBody('settle'),
      parse: (body: unknown) => parseCaseAct(body, 'settle'),
      good: { reason: 'looked it up' },
    },
    verifying: {
      schema: caseActBody('verify'),
      parse: (body: unknown) => parseCaseAct(body, 'verify'),
      good: { reason: 'looked it up' },
    },
    correction: {
      schema: correctionBody,
      parse: (body: unknown) => parseCorrection(body, 'finding_1'),
      good: { account: 'a', amount: 1, currency: 'EUR', direction: 'credit', reason: 'seen' },
    },
    notice: {
      schema: notificationBody,
      parse: (body: unknown) => parseNotice(body, 'key-key-key'),
      good: {
        ...{ recipient: 'a', channels: ['sms'], template: 'plain' },
        data: { subject: 'a', text: 'b' },
      },
    },
    recipient: {
      schema: recipientBody,
      parse: parseRecipient,
      good: { locale: 'de-AT', timeZone: 'Europe/Vienna', addresses: {} },
    },
    ride: {
      schema: rideBody,
      parse: (body: unknown) => parseRideCommand(body, 'key-key-key'),
      good: { rider: 'a', estimate: 1, currency: 'EUR' },
    },
    match: {
      schema: rideMatchBody,
      parse: (body: unknown) => parseRideMatch(body),
      good: { driver: 'a' },
    },
    completion: {
      schema: rideCompletionBody,
      parse: (body: unknown) => parseRideCompletion(body),
      good: { amount: 1 },
    },
    cancellation: {
      schema: rideCancelBody,
      parse: (body: unknown) => parseRideCancel(body),
      good: { by: 'rider' },
    },
  };
  // Without -0 and __proto__, which JSON Schema cannot name: the parsers refuse them.
  const values: readonly unknown[] = [
    ...[0, 1, -1, 0.5, 2 ** 53, 1e15, 999_999_999_999_999, 1_000, 999, 2_592_000_001, 64, 65],
    ...[Number.NaN, Number.POSITIVE_INFINITY, null, true, [], [1], {}, { a: '' }, { 'a b': 'x' }],
    ...['', '1', 'a', 'a b', ' a', 'A.b_c:-d', '-a', 'x'.repeat(64), 'x'.repeat(65), 'é', 'a\0b'],
    ...['x'.repeat(255), 'x'.repeat(256), 'x'.repeat(500), 'x'.repeat(501), '\ud800', '\u{1f4b8}'],
    ...['EUR', 'eur', 'XXX', 'JPY', 'automatic', 'manual', 'card', 'balance', 'open', 'closed'],
    ...['rider', 'driver', 'credit', 'debit', 'person', 'de', 'UTC', ['sms', 'sms'], ['fax']],
    ...[
      { from: '22:00', to: '07:00' },
      { from: '22:00', to: '22:00' },
      { from: '24:00', to: '1' },
    ],
    ...['customer', 'merchant', 'internal', 'frozen', '2026-01-01T00:00:00Z', { a: 1 }],
    ...[
      '2026-02-30T00:00:00Z',
      '2026-01-01t00:00:00z',
      '2026-01-01T00:00Z',
      '2026-01-01',
      'bank-1',
    ],
    ...[{ a: 'x'.repeat(501) }, { ['k'.repeat(41)]: '' }, { a: '\ud800' }, { __proto_: 'x' }],
    Object.fromEntries(Array.from({ length: 50 }, (_, n) => [n, ''])),
    Object.fromEntries(Array.from({ length: 51 }, (_, n) => [n, ''])),
  ];
  const fields = [
    ...['account', 'amount', 'currency', 'capture', 'payTo', 'method', 'description', 'bizKey'],
    ...['timeBudgetMs', 'metadata', 'scheduledAt', 'holdExpiresAt', 'id', 'kind', 'owner'],
    ...['overdraftLimit', 'slots', 'status', 'version', 'tenant', 'final', 'reason', 'destination'],
    ...['chargeId', 'rider', 'estimate', 'driver', 'by', 'direction', 'recipient', 'channels'],
    ...['template', 'locale', 'urgent', 'onUnknown', 'timeZone', 'quietHours'],
  ];

  test.each(Object.keys(bodies) as (keyof typeof bodies)[])('%s', (name) => {
    const { schema, parse, good } = bodies[name];
    const same = (body: unknown) => {
      const said = `${JSON.stringify(body)?.slice(0, 200)}: `;
      return {
        parser: `${said}${parse(body).ok}`,
        schema: `${said}${schema.safeParse(body).success}`,
      };
    };
    const cases = [
      ...[good, {}, null, [], 'x', 1, undefined],
      ...fields.flatMap((field) => values.map((value) => ({ ...good, [field]: value }))),
      ...Object.keys(good).map((field) => ({ ...good, [field]: undefined })),
      { ...good, method: 'balance', payTo: 'b' },
      { ...good, kind: 'customer', slots: 2 },
      { ...good, capture: 'manual', holdExpiresAt: '2026-01-01T00:00:00Z' },
      { ...good, capture: 'manual', method: 'balance', payTo: 'b' },
    ].map(same);

    expect(cases.map(({ schema: seen }) => seen)).toEqual(cases.map(({ parser }) => parser));
    expect(cases.filter(({ parser }) => parser.endsWith('true')).length).toBeGreaterThan(1);
  });
});
