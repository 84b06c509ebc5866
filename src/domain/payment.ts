import type { Command } from './command.js';
import { commands } from './command.js';
import type { Currency } from './currency.js';
import { type Parsed, readObject } from './faults.js';
import type { AccountId } from './ids.js';

export type PaymentMethod = 'card' | 'balance';

/** What a payment asks for, as it travels: no free text, that is sealed. */
export interface PaymentPayload {
  readonly account: AccountId;
  /** Whole minor units, 1 to amountMax. */
  readonly amount: number;
  readonly currency: Currency;
  /** `automatic` takes the money at once; the others hold it, for one capture or for several. */
  readonly capture: 'automatic' | 'manual' | 'multiple';
  /** `balance` moves money between two accounts of this ledger; `card` asks the provider. */
  readonly method: PaymentMethod;
  /** The account that receives; the tenant's merchant account of that currency when absent. */
  readonly payTo?: AccountId;
  /** When the hold ends by itself, epoch milliseconds; 7 days after it began when absent. */
  readonly holdExpiresAt?: number;
  /** When to begin, epoch milliseconds; at once when absent. */
  readonly scheduledAt?: number;
}

export type PaymentCommand = Command<PaymentPayload> & {
  readonly domain: typeof commands.payment.domain;
  readonly eventType: typeof commands.payment.eventType;
};

/** A request for a payment, read: the command, its time budget, and what must be sealed. */
export interface PaymentRequest {
  readonly command: PaymentCommand;
  readonly timeBudgetMs: number;
  readonly sealed?: { readonly description?: string; readonly metadata?: Record<string, string> };
}

export const timeBudgetMsDefault = 5 * 60_000;
const timeBudgetMsMin = 1_000;
const timeBudgetMsMax = 30 * 24 * 3_600_000;
const descriptionLengthMax = 500;
const captures = ['automatic', 'manual', 'multiple'] as const;
const methods = ['card', 'balance'] as const satisfies readonly PaymentMethod[];
const fields = [
  ...['account', 'amount', 'currency', 'capture', 'payTo', 'method', 'description', 'bizKey'],
  ...['timeBudgetMs', 'metadata', 'scheduledAt', 'holdExpiresAt'],
];

/** The one door from a request's body to a payment: typed, or every fault it has. */
export function parsePaymentCommand(body: unknown, idemKey: string): Parsed<PaymentRequest> {
  return readObject(body, fields, (read) => {
    const capture = read.optional('capture', (path) => read.oneOf(path, captures)) ?? 'automatic';
    const method = read.optional('method', (path) => read.oneOf(path, methods)) ?? 'card';
    const payTo = read.optional('payTo', read.account);
    if (method === 'balance' && payTo === undefined) read.fault('payTo', 'field-required');
    // A transfer is one hold and one settle: there is nobody to authorise it with.
    if (method === 'balance' && capture !== 'automatic') read.fault('capture', 'not-supported');
    const holdExpiresAt = read.optional('holdExpiresAt', read.moment);
    const scheduledAt = read.optional('scheduledAt', read.moment);
    if (holdExpiresAt !== undefined && capture === 'automatic') {
      read.fault('holdExpiresAt', 'not-supported');
    }
    const payload: PaymentPayload = {
      account: read.account('account'),
      amount: read.amount('amount'),
      currency: read.currency('currency'),
      capture,
      method,
      ...(payTo !== undefined && { payTo }),
      ...(holdExpiresAt !== undefined && { holdExpiresAt }),
      ...(scheduledAt !== undefined && { scheduledAt }),
    };
    const bizKey = read.optional('bizKey', (path) => read.label(path, 255));
    const description = read.optional('description', (p) => read.text(p, descriptionLengthMax));
    const metadata = read.optional('metadata', read.texts);
    const sealed = {
      ...(description !== undefined && { description }),
      ...(metadata !== undefined && { metadata }),
    };
    const { domain, eventType } = commands.payment;
    return {
      command: { domain, eventType, idemKey, payload, ...(bizKey !== undefined && { bizKey }) },
      timeBudgetMs:
        read.optional('timeBudgetMs', (path) =>
          read.whole(path, timeBudgetMsMin, timeBudgetMsMax),
        ) ?? timeBudgetMsDefault,
      ...(Object.keys(sealed).length > 0 && { sealed }),
    };
  });
}

/** Reads the body that chooses another method. */
export function parseMethodChoice(body: unknown): Parsed<PaymentMethod> {
  return readObject(body, ['method'], (read) => read.oneOf('method', methods));
}
