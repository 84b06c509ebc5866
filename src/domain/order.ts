import type { Command } from './command.js';
import { commands } from './command.js';
import type { Currency } from './currency.js';
import { type Parsed, readObject } from './faults.js';
import type { AccountId } from './ids.js';

/** What an order asks for. */
export interface OrderPayload {
  readonly account: AccountId;
  /** Whole minor units. */
  readonly amount: number;
  readonly currency: Currency;
  /** The account that receives; the tenant's merchant account of that currency when absent. */
  readonly payTo?: AccountId;
  /** What is bought, 1 to `orderLinesMax` lines. */
  readonly items: readonly OrderLine[];
}

interface OrderLine {
  /** The warehouse's own name of what is bought. */
  readonly sku: string;
  /** 1 to `quantityMax`. */
  readonly quantity: number;
}

export type OrderCommand = Command<OrderPayload> & {
  readonly domain: typeof commands.order.domain;
  readonly eventType: typeof commands.order.eventType;
};

export const orderLinesMax = 50;
export const quantityMax = 100;
const fields = ['account', 'amount', 'currency', 'payTo', 'items', 'bizKey'];

/** Reads the body of an order. */
export function parseOrderCommand(body: unknown, idemKey: string): Parsed<OrderCommand> {
  return readObject(body, fields, (read) => {
    const bizKey = read.optional('bizKey', (path) => read.label(path, 255));
    const payTo = read.optional('payTo', read.account);
    const { domain, eventType } = commands.order;
    return {
      ...{ domain, eventType, idemKey },
      ...(bizKey !== undefined && { bizKey }),
      payload: {
        account: read.account('account'),
        amount: read.amount('amount'),
        currency: read.currency('currency'),
        ...(payTo !== undefined && { payTo }),
        items: read.list('items', orderLinesMax, ['sku', 'quantity'], (line) => ({
          sku: line.label('sku', 64),
          quantity: line.whole('quantity', 1, quantityMax),
        })),
      },
    };
  });
}
