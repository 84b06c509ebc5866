import type { Command } from './command.js';
import { commands } from './command.js';
import type { Currency } from './currency.js';
import { type Parsed, readObject } from './faults.js';
import type { AccountId } from './ids.js';

/** What a payout asks for: money of an account, sent out. */
export interface PayoutPayload {
  readonly account: AccountId;
  /** Whole minor units. */
  readonly amount: number;
  readonly currency: Currency;
  /** The provider's token for where it goes: never an account number. */
  readonly destination: string;
}

export type PayoutCommand = Command<PayoutPayload> & {
  readonly domain: typeof commands.payout.domain;
  readonly eventType: typeof commands.payout.eventType;
};

/** A provider's token for where money goes. */
export const destinationForm = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** Reads the body of a payout. */
export function parsePayoutCommand(body: unknown, idemKey: string): Parsed<PayoutCommand> {
  const fields = ['account', 'amount', 'currency', 'destination', 'bizKey'];
  return readObject(body, fields, (read) => {
    const bizKey = read.optional('bizKey', (path) => read.label(path, 255));
    const { domain, eventType } = commands.payout;
    return {
      ...{ domain, eventType, idemKey },
      ...(bizKey !== undefined && { bizKey }),
      payload: {
        account: read.account('account'),
        amount: read.amount('amount'),
        currency: read.currency('currency'),
        destination: read.label('destination', 64, destinationForm),
      },
    };
  });
}
