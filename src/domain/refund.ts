import type { Command } from './command.js';
import { commands } from './command.js';
import type { Currency } from './currency.js';
import { type Parsed, readObject } from './faults.js';
import type { AccountId, OpId } from './ids.js';

/** What a refund asks for: captured money of a payment, back to who paid. */
export interface RefundPayload {
  readonly payment: OpId;
  /** Who paid, and gets it back. */
  readonly account: AccountId;
  /** Whole minor units; all that is left when absent. */
  readonly amount?: number;
  readonly currency: Currency;
}

export type RefundCommand = Command<RefundPayload> & {
  readonly domain: typeof commands.refund.domain;
  readonly eventType: typeof commands.refund.eventType;
};

/** A request for a refund, read: the command, and what must be sealed. */
export interface RefundRequest {
  readonly command: RefundCommand;
  readonly sealed?: { readonly reason: string };
}

/** Reads the body of a refund of `paid`, a payment that the caller may see. */
export function parseRefundCommand(
  body: unknown,
  idemKey: string,
  paid: Omit<RefundPayload, 'amount'>,
): Parsed<RefundRequest> {
  return readObject(body, ['amount', 'reason'], (read) => {
    const amount = read.optional('amount', read.amount);
    const reason = read.optional('reason', (path) => read.text(path, 500));
    const { domain, eventType } = commands.refund;
    const payload = { ...paid, ...(amount !== undefined && { amount }) };
    return {
      command: { domain, eventType, idemKey, payload },
      ...(reason !== undefined && { sealed: { reason } }),
    };
  });
}
