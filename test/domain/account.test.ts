import { describe, expect, test } from 'vitest';
import {
  accountIdOf,
  amountMax,
  type Parsed,
  parseAccountEdit,
  parseAccountOpen,
  parseFunding,
} from '../../src/domain/index.js';

const alice = accountIdOf('alice');
const faultsOf = (parsed: Parsed<unknown>) =>
  parsed.ok ? [] : parsed.faults.map(({ path, code }) => `${path}: ${code}`);

describe('a request to open an account', () => {
  const body = { id: 'alice', currency: 'EUR', kind: 'customer' };
  const open = (input: unknown) =>
    parseAccountOpen(
      input,
      () => accountIdOf('acct-new'),
      (account) => `open:${account}`,
    );

  test('opens the id it names, with that id in its key', () => {
    expect(open({ ...body, owner: 'auth0|7', overdraftLimit: 500 })).toEqual({
      ok: true,
      value: {
        domain: 'Account',
        eventType: 'AccountOpeningRequested',
        idemKey: 'open:alice',
        payload: {
          account: 'alice',
          currency: 'EUR',
          kind: 'customer',
          owner: 'auth0|7',
          overdraftLimit: 500,
          slots: 1,
        },
      },
    });
  });

  test('is given an id when it names none', () => {
    const parsed = open({ currency: 'EUR', kind: 'merchant' });

    expect(parsed.ok && parsed.value.payload.account).toBe('acct-new');
    expect(parsed.ok && parsed.value.idemKey).toBe('open:acct-new');
  });

  test.each<[string, object, string[]]>([
    ['an id with a space', { id: 'al ice' }, ['id: account-invalid']],
    ['an internal id', { id: '@funding:EUR' }, ['id: account-invalid']],
    ['an internal account', { kind: 'internal' }, ['kind: field-invalid']],
    ['a currency in small letters', { currency: 'eur' }, ['currency: currency-invalid']],
    ['an overdraft below zero', { overdraftLimit: -1 }, ['overdraftLimit: field-invalid']],
    ['too large an overdraft', { overdraftLimit: 1e15 }, ['overdraftLimit: field-invalid']],
    ['an owner with a line break', { owner: 'a\nb' }, ['owner: text-invalid']],
    ['slots for a customer', { slots: 2 }, ['slots: field-invalid']],
    ['no slots', { kind: 'merchant', slots: 0 }, ['slots: field-invalid']],
    ['65 slots', { kind: 'merchant', slots: 65 }, ['slots: field-invalid']],
    ['a balance', { posted: 1 }, ['posted: unknown-field']],
  ])('with %s is refused', (_, change, expected) => {
    expect(faultsOf(open({ ...body, ...change }))).toEqual(expected);
  });

  test('of nothing names every field that it needs', () => {
    expect(faultsOf(open({}))).toEqual(['kind: field-required', 'currency: field-required']);
  });

  test('takes the largest overdraft and 64 slots of a merchant', () => {
    const asked = { kind: 'merchant', currency: 'USD', overdraftLimit: amountMax, slots: 64 };

    expect(open(asked)).toMatchObject({ ok: true, value: { payload: { slots: 64 } } });
  });
});

describe('a request to fund an account', () => {
  const fund = (input: unknown) => parseFunding(input, alice, 'funding-0001');

  test('funds the account of the path', () => {
    expect(fund({ amount: 100, currency: 'EUR' })).toEqual({
      ok: true,
      value: {
        domain: 'Account',
        eventType: 'FundingRequested',
        idemKey: 'funding-0001',
        payload: { account: 'alice', amount: 100, currency: 'EUR' },
      },
    });
  });

  test.each<[string, object, string[]]>([
    ['no amount', { currency: 'EUR' }, ['amount: field-required']],
    ['zero', { amount: 0, currency: 'EUR' }, ['amount: amount-not-positive']],
    ['a text', { amount: '1', currency: 'EUR' }, ['amount: amount-invalid']],
    [
      'an account of its own',
      { amount: 1, currency: 'EUR', account: 'bob' },
      ['account: unknown-field'],
    ],
  ])('with %s is refused', (_, input, expected) => {
    expect(faultsOf(fund(input))).toEqual(expected);
  });
});

describe('a request to edit an account', () => {
  const edit = (input: unknown) => parseAccountEdit(input, alice, 7, 'edit-0001');

  test.each<[object, object]>([
    [{ status: 'frozen' }, { account: 'alice', version: 7, status: 'frozen' }],
    [{ overdraftLimit: 0 }, { account: 'alice', version: 7, overdraftLimit: 0 }],
    [
      { status: 'open', overdraftLimit: 9 },
      { account: 'alice', version: 7, status: 'open', overdraftLimit: 9 },
    ],
  ])('of %j changes no more than that', (input, payload) => {
    const parsed = edit(input);

    expect(parsed.ok && parsed.value.payload).toEqual(payload);
  });

  test.each<[string, unknown, string[]]>([
    ['nothing', {}, [': body-invalid']],
    ['a status of its own', { status: 'gone' }, ['status: field-invalid']],
    ['a version in the body', { status: 'open', version: 7 }, ['version: unknown-field']],
    ['an overdraft of half a cent', { overdraftLimit: 0.5 }, ['overdraftLimit: field-invalid']],
    ['a list', [], [': body-invalid']],
  ])('to %s is refused', (_, input, expected) => {
    expect(faultsOf(edit(input))).toEqual(expected);
  });
});
