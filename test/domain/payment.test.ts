import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amountMax, type Fault, parsePaymentCommand } from '../../src/domain/index.js';

const idemKey = 'order-1001';
const body = { account: 'alice', amount: 1250, currency: 'EUR' };
const faultsOf = (input: unknown): readonly Fault[] => {
  const parsed = parsePaymentCommand(input, idemKey);
  return parsed.ok ? [] : parsed.faults;
};
/** The body with one field as JSON text, so that the case is what came over the wire. */
const withField = (name: string, json: string): unknown =>
  JSON.parse(`{"account":"alice","amount":1250,"currency":"EUR",${JSON.stringify(name)}:${json}}`);

describe('a payment that can be read', () => {
  test('is a command with what was asked and the default time budget', () => {
    expect(parsePaymentCommand(body, idemKey)).toEqual({
      ok: true,
      value: {
        command: {
          domain: 'Payment',
          eventType: 'PaymentRequested',
          idemKey,
          payload: { ...body, capture: 'automatic', method: 'card' },
        },
        timeBudgetMs: 300_000,
      },
    });
  });

  test('keeps free text out of the command', () => {
    const secret = { description: 'flowers for Mara', metadata: { note: 'ring twice' } };

    const parsed = parsePaymentCommand({ ...body, ...secret }, idemKey);

    expect(parsed.ok && parsed.value.sealed).toEqual(secret);
    expect(parsed.ok && JSON.stringify(parsed.value.command)).not.toMatch(/Mara|ring/);
  });

  test('carries the receiver, the method, the business key and the time budget', () => {
    const asked = { payTo: 'bob', method: 'balance', bizKey: 'order-7', timeBudgetMs: 60_000 };

    const parsed = parsePaymentCommand({ ...body, ...asked }, idemKey);

    expect(parsed).toMatchObject({
      ok: true,
      value: {
        command: { bizKey: 'order-7', payload: { payTo: 'bob', method: 'balance' } },
        timeBudgetMs: 60_000,
      },
    });
  });

  test.each<[string, string, number]>([
    ['1', 'EUR', 1],
    [String(amountMax), 'EUR', amountMax],
    ['1e2', 'EUR', 100],
    ['100.0', 'EUR', 100],
    ['100', 'JPY', 100],
    ['100', 'KWD', 100],
  ])('reads %s minor units of %s as %i', (json, currency, expected) => {
    const asked = JSON.parse(`{"account":"alice","amount":${json},"currency":"${currency}"}`);

    const parsed = parsePaymentCommand(asked, idemKey);

    expect(parsed.ok && parsed.value.command.payload).toMatchObject({ amount: expected, currency });
  });
});

describe('an amount', () => {
  test.each<[string, string]>([
    ['null', 'amount-invalid'],
    ['0', 'amount-not-positive'],
    ['-1', 'amount-not-positive'],
    ['"-1"', 'amount-invalid'],
    ['-0', 'amount-invalid'],
    ['0.1', 'amount-invalid'],
    ['10.005', 'amount-invalid'],
    ['1e400', 'amount-invalid'],
    ['-1e400', 'amount-invalid'],
    ['"NaN"', 'amount-invalid'],
    ['"Infinity"', 'amount-invalid'],
    ['"1e3"', 'amount-invalid'],
    ['"0x10"', 'amount-invalid'],
    ['" 7 "', 'amount-invalid'],
    ['"+7"', 'amount-invalid'],
    ['"007"', 'amount-invalid'],
    ['9007199254740993', 'amount-too-large'],
    ['9223372036854775807', 'amount-too-large'],
    ['9223372036854775808', 'amount-too-large'],
    ['"100"', 'amount-invalid'],
    ['[100]', 'amount-invalid'],
    ['{"v":100}', 'amount-invalid'],
    ['true', 'amount-invalid'],
    ['"\u0661\u0660"', 'amount-invalid'],
    ['"\uff11\uff10"', 'amount-invalid'],
    ['"10,50"', 'amount-invalid'],
    ['"1,000"', 'amount-invalid'],
    [String(amountMax + 1), 'amount-too-large'],
  ])('of %s is refused: %s', (json, code) => {
    expect(faultsOf(withField('amount', json))).toEqual([{ path: 'amount', code }]);
  });

  test('of ten thousand digits is refused', () => {
    expect(faultsOf(withField('amount', '9'.repeat(10_000)))).toEqual([
      { path: 'amount', code: 'amount-invalid' },
    ]);
    expect(faultsOf(withField('amount', '9'.repeat(300)))).toEqual([
      { path: 'amount', code: 'amount-too-large' },
    ]);
  });

  test('that is missing is required', () => {
    expect(faultsOf({ account: 'alice', currency: 'EUR' })).toEqual([
      { path: 'amount', code: 'field-required' },
    ]);
  });
});

describe('a currency', () => {
  test.each(['""', '"usd"', '"US"', '"USDX"', '"XXX"', '"BTC"', '"__proto__"', 'null', '["EUR"]'])(
    'of %s is refused',
    (json) => {
      expect(faultsOf(withField('currency', json))).toEqual([
        { path: 'currency', code: 'currency-invalid' },
      ]);
    },
  );

  test('that is missing is required', () => {
    expect(faultsOf({ account: 'alice', amount: 1 })).toEqual([
      { path: 'currency', code: 'field-required' },
    ]);
  });
});

describe('a field', () => {
  test.each(['balance', 'held', 'version', 'state', 'fee', 'tenantId', 'userId', 'createdAt'])(
    'that only the ledger writes is refused: %s',
    (name) => {
      expect(faultsOf(withField(name, '1'))).toEqual([{ path: name, code: 'unknown-field' }]);
    },
  );

  test.each([
    ['__proto__', '{"role":"admin"}'],
    ['constructor', '{"prototype":{"role":"admin"}}'],
    ['toString', '"x"'],
  ])('named %s is unknown and changes no object', (name, json) => {
    expect(faultsOf(withField(name, json))).toEqual([{ path: name, code: 'unknown-field' }]);
    expect(({} as Record<string, unknown>)['role']).toBeUndefined();
  });

  test.each<[string, string, string]>([
    ['account', '"\\ud800"', 'account-invalid'],
    ['account', '"a\\u0000"', 'account-invalid'],
    ['account', 'null', 'account-invalid'],
    ['payTo', '"@funding:EUR"', 'account-invalid'],
    ['bizKey', '"\\ud800"', 'text-invalid'],
    ['bizKey', '"a\\u0000b"', 'text-invalid'],
    ['bizKey', '"a b"', 'text-invalid'],
    ['bizKey', '""', 'text-invalid'],
    ['description', '"\\ud800"', 'text-invalid'],
    ['description', '"a\\u0000"', 'text-invalid'],
    ['description', '7', 'text-invalid'],
    ['capture', '"later"', 'field-invalid'],
    ['method', '"cash"', 'field-invalid'],
    ['scheduledAt', '"2026-02-30T00:00:00Z"', 'moment-invalid'],
    ['scheduledAt', '1700000000', 'moment-invalid'],
    ['holdExpiresAt', '"2026-03-01T00:00:00Z"', 'not-supported'],
    ['timeBudgetMs', '999', 'field-invalid'],
    ['timeBudgetMs', '2592000001', 'field-invalid'],
    ['timeBudgetMs', '1000.5', 'field-invalid'],
    ['timeBudgetMs', '"60000"', 'field-invalid'],
  ])('%s of %s is refused: %s', (name, json, code) => {
    expect(faultsOf(withField(name, json))).toEqual([{ path: name, code }]);
  });

  test.each<[string, number, number]>([
    ['bizKey', 255, 256],
    ['description', 500, 501],
  ])('%s may have %i letters and not %i', (name, fits, tooLong) => {
    expect(faultsOf({ ...body, [name]: 'x'.repeat(fits) })).toEqual([]);
    expect(faultsOf({ ...body, [name]: 'x'.repeat(tooLong) })).toEqual([
      { path: name, code: 'text-too-long' },
    ]);
  });

  test('method balance needs the account that receives', () => {
    expect(faultsOf({ ...body, method: 'balance' })).toEqual([
      { path: 'payTo', code: 'field-required' },
    ]);
  });
});

describe('metadata', () => {
  const keys = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`key-${n}`, 'v']));

  test.each<[string, unknown, Fault]>([
    ['51 keys', keys(51), { path: 'metadata', code: 'field-invalid' }],
    ['10 KB', { note: 'x'.repeat(10_240) }, { path: 'metadata.note', code: 'text-too-long' }],
    ['a nested object', { note: { a: 1 } }, { path: 'metadata.note', code: 'text-invalid' }],
    ['a number', { note: 7 }, { path: 'metadata.note', code: 'text-invalid' }],
    ['a NUL', { note: 'a\0' }, { path: 'metadata.note', code: 'text-invalid' }],
    ['a lone surrogate', { note: '\ud801' }, { path: 'metadata.note', code: 'text-invalid' }],
    ['a key of spaces', { ' ': 'v' }, { path: 'metadata. ', code: 'field-invalid' }],
    ['a list', ['v'], { path: 'metadata', code: 'field-invalid' }],
    ['null', null, { path: 'metadata', code: 'field-invalid' }],
  ])('of %s is refused', (_, metadata, fault) => {
    expect(faultsOf({ ...body, metadata })).toEqual([fault]);
  });

  test('with the key __proto__ is refused and changes no object', () => {
    const asked = withField('metadata', '{"__proto__":"admin"}');

    expect(faultsOf(asked)).toEqual([{ path: 'metadata.__proto__', code: 'field-invalid' }]);
  });

  test('may have 50 keys of 500 letters', () => {
    const metadata = Object.fromEntries(Object.keys(keys(50)).map((key) => [key, 'v'.repeat(500)]));

    expect(faultsOf({ ...body, metadata })).toEqual([]);
  });
});

describe('a body', () => {
  test.each(['""', 'null', '[]', '"x"', '1', 'true'])('of %s is refused whole', (json) => {
    expect(faultsOf(JSON.parse(json))).toEqual([{ path: '', code: 'body-invalid' }]);
  });

  test('that is missing is refused whole', () => {
    expect(faultsOf(undefined)).toEqual([{ path: '', code: 'body-invalid' }]);
  });

  test('hears of every fault at once', () => {
    const faults = faultsOf({ amount: -1, currency: 'usd', fee: 1, metadata: [] });

    expect(faults.map(({ path, code }) => `${path}: ${code}`).sort()).toEqual([
      'account: field-required',
      'amount: amount-not-positive',
      'currency: currency-invalid',
      'fee: unknown-field',
      'metadata: field-invalid',
    ]);
  });
});

test('any JSON is read as a payment that may travel, or refused with its faults', () => {
  const field = fc.constantFrom(
    'account',
    'amount',
    'currency',
    'payTo',
    'metadata',
    'timeBudgetMs',
  );
  const near = fc.dictionary(field, fc.oneof(fc.jsonValue(), fc.constantFrom('alice', 'EUR', 7)));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), near), (input) => {
      const parsed = parsePaymentCommand(input, idemKey);
      if (!parsed.ok) return parsed.faults.length > 0;
      const { amount } = parsed.value.command.payload;
      return Number.isSafeInteger(amount) && amount > 0 && amount <= amountMax;
    }),
    { seed: 3, numRuns: 1_000 },
  );
});
