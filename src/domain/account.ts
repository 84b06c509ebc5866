import type { Command } from './command.js';
import { commands } from './command.js';
import type { Currency } from './currency.js';
import { type Parsed, readObject } from './faults.js';
import type { AccountId } from './ids.js';
import { amountMax } from './money.js';

export interface AccountOpenPayload {
  readonly account: AccountId;
  readonly currency: Currency;
  readonly kind: 'customer' | 'merchant';
  /** The `sub` of the person whose account it is. */
  readonly owner?: string;
  /** How far below zero `available` may go, in minor units; 0 by default. */
  readonly overdraftLimit: number;
  /** Sub-rows that share the load of an account everybody pays into; customers have 1. */
  readonly slots: number;
}

export interface FundingPayload {
  readonly account: AccountId;
  readonly amount: number;
  readonly currency: Currency;
}

export interface AccountEditPayload {
  readonly account: AccountId;
  /** The version that the editor saw: another one now is `stale-version`. */
  readonly version: number;
  readonly status?: 'open' | 'frozen' | 'closed';
  readonly overdraftLimit?: number;
}

export type AccountOpenCommand = Command<AccountOpenPayload>;
export type FundingCommand = Command<FundingPayload>;
export type AccountEditCommand = Command<AccountEditPayload>;

/** Reads a request to open an account; `idOf` gives the id and key when the body names none. */
export function parseAccountOpen(
  body: unknown,
  idOf: () => AccountId,
  idemKeyOf: (account: AccountId) => string,
): Parsed<AccountOpenCommand> {
  const known = ['id', 'currency', 'kind', 'owner', 'overdraftLimit', 'slots'];
  return readObject(body, known, (read) => {
    const account = read.optional('id', read.account) ?? idOf();
    const kind = read.oneOf('kind', ['customer', 'merchant']);
    const owner = read.optional('owner', (path) => read.label(path, 255));
    const slots = read.optional('slots', (path) => read.whole(path, 1, slotsMax)) ?? 1;
    if (kind === 'customer' && slots > 1) read.fault('slots', 'field-invalid');
    // The ledger opens these by itself, for tenants that name no merchant.
    if (String(account).startsWith('merchant:')) read.fault('id', 'account-invalid');
    return {
      domain: commands.accountOpen.domain,
      eventType: commands.accountOpen.eventType,
      idemKey: idemKeyOf(account),
      payload: {
        account,
        currency: read.currency('currency'),
        kind,
        overdraftLimit: read.optional('overdraftLimit', (p) => read.whole(p, 0, amountMax)) ?? 0,
        slots,
        ...(owner !== undefined && { owner }),
      },
    };
  });
}

/** Reads a request to put money into `account` from outside the ledger. */
export function parseFunding(
  body: unknown,
  account: AccountId,
  idemKey: string,
): Parsed<FundingCommand> {
  return readObject(body, ['amount', 'currency'], (read) => ({
    domain: commands.funding.domain,
    eventType: commands.funding.eventType,
    idemKey,
    payload: { account, amount: read.amount('amount'), currency: read.currency('currency') },
  }));
}

/** Reads a request to freeze, close or reopen `account`, or to change its overdraft limit. */
export function parseAccountEdit(
  body: unknown,
  account: AccountId,
  version: number,
  idemKey: string,
): Parsed<AccountEditCommand> {
  return readObject(body, ['status', 'overdraftLimit'], (read) => {
    const statuses = ['open', 'frozen', 'closed'] as const;
    const status = read.optional('status', (path) => read.oneOf(path, statuses));
    const overdraftLimit = read.optional('overdraftLimit', (p) => read.whole(p, 0, amountMax));
    if (status === undefined && overdraftLimit === undefined) read.fault('', 'body-invalid');
    return {
      domain: commands.accountEdit.domain,
      eventType: commands.accountEdit.eventType,
      idemKey,
      payload: {
        account,
        version,
        ...(status !== undefined && { status }),
        ...(overdraftLimit !== undefined && { overdraftLimit }),
      },
    };
  });
}

const slotsMax = 64;
