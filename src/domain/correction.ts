import type { Command } from './command.js';
import type { Currency } from './currency.js';
import { type Parsed, readObject } from './faults.js';
import type { AccountId } from './ids.js';

/** Who asks for a correction: two people do, and neither of them alone. */
export const correctionPrincipal = 'holdfast:correction';

// Not among the commands: no workflow carries it out. It asks nobody outside and waits for nothing,
// so one statement makes it, moves its money and ends it.
const name = { domain: 'Correction', eventType: 'CorrectionRequested' } as const;

export interface CorrectionPayload {
  readonly finding: string;
  readonly account: AccountId;
  readonly amount: number;
  readonly currency: Currency;
  /** What the account gets, or what is taken from it. */
  readonly direction: 'credit' | 'debit';
}

export type CorrectionCommand = Command<CorrectionPayload>;

/** Reads what a person wants booked to correct `finding`, and why. A finding has one correction. */
export function parseCorrection(
  body: unknown,
  finding: string,
): Parsed<{ readonly command: CorrectionCommand; readonly reason: string }> {
  const known = ['account', 'amount', 'currency', 'direction', 'reason'];
  return readObject(body, known, (read) => ({
    command: {
      ...name,
      idemKey: finding,
      payload: {
        finding,
        account: read.account('account'),
        amount: read.amount('amount'),
        currency: read.currency('currency'),
        direction: read.oneOf('direction', ['credit', 'debit']),
      },
    },
    reason: read.words('reason', reasonLengthMax),
  }));
}

const reasonLengthMax = 500;
