import { type Command, commands } from './command.js';
import { type Parsed, readObject } from './faults.js';
import { commandIn, type MoneyAsked, moneyFields } from './several-steps.js';

/** What an order asks for. */
export interface OrderPayload extends MoneyAsked {
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
const fields = [...moneyFields, 'items'];

/** Reads the body of an order. */
export function parseOrderCommand(body: unknown, idemKey: string): Parsed<OrderCommand> {
  return readObject(body, fields, (read) =>
    commandIn(read, commands.order, idemKey, {
      items: read.list('items', orderLinesMax, ['sku', 'quantity'], (line) => ({
        sku: line.label('sku', 64),
        quantity: line.whole('quantity', 1, quantityMax),
      })),
    }),
  );
}
