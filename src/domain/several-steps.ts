import type { Command } from './command.js';
import type { Currency } from './currency.js';
import type { ObjectReader } from './faults.js';
import type { AccountId, OpId } from './ids.js';
import type { RefusalCode } from './refusals.js';

// Facts of operations that take several steps, some of them at services outside.

/** A service outside did what was asked. */
export interface Confirmed {
  readonly kind: 'confirmed';
  readonly reference: string;
  /** What the service calls it. */
  readonly serviceId: string;
}

/** An operation of several steps has its row. `returns` is why it is given back, once it is. */
export interface Accepted {
  readonly kind: 'accepted';
  readonly opId: OpId;
  /** Since when, epoch milliseconds: no call of it is older. */
  readonly since: number;
  readonly returns?: RefusalCode;
}

/** From now on an operation of several steps only gives back what it did. */
export interface Turned {
  readonly kind: 'turned';
  readonly opId: OpId;
  readonly code: RefusalCode;
}

/** All that was asked for was done, paid for and written down. */
export interface Fulfilled {
  readonly kind: 'fulfilled';
  readonly opId: OpId;
}

/** The money of an operation that takes it in a payment of its own. */
export interface MoneyAsked {
  readonly account: AccountId;
  /** Whole minor units. */
  readonly amount: number;
  readonly currency: Currency;
  /** The account that receives; the tenant's merchant account of that currency when absent. */
  readonly payTo?: AccountId;
}

/** The fields of every such operation. */
export const moneyFields = ['account', 'amount', 'currency', 'payTo', 'bizKey'] as const;

/** Reads its money, and the name of its business thing; `payload` is what else it asks for. */
export function commandIn<Of extends Pick<Command, 'domain' | 'eventType'>, More extends object>(
  read: ObjectReader,
  { domain, eventType }: Of,
  idemKey: string,
  more: More,
): Of & { idemKey: string; bizKey?: string; payload: MoneyAsked & More } {
  const bizKey = read.optional('bizKey', (path) => read.label(path, 255));
  const payTo = read.optional('payTo', read.account);
  const money: MoneyAsked = {
    account: read.account('account'),
    amount: read.amount('amount'),
    currency: read.currency('currency'),
    ...(payTo !== undefined && { payTo }),
  };
  const named = bizKey === undefined ? {} : { bizKey };
  return { domain, eventType, idemKey, ...named, payload: { ...money, ...more } } as never;
}
