import { lastDigitsOf } from '../../domain/index.js';
import type { SandboxFault } from './fault-rule.js';

/** An amount that misbehaves by itself: its last six digits say how, so 904402 and 3904402 do. */
export interface MagicAmount {
  readonly lastSixDigits: number;
  /** It strikes the first call of a reference only; a repeated call then goes well. */
  readonly once: boolean;
  readonly fault: SandboxFault;
}

const forEverMs = 10 * 365 * 24 * 3_600_000;

/** What the amounts do. Real amounts hardly end so: 904402 is 9,044.02 in a currency of cents. */
export const magicAmounts: readonly MagicAmount[] = [
  { lastSixDigits: 904_201, once: false, fault: { fault: 'pending', delayMs: 2_000 } },
  { lastSixDigits: 904_202, once: false, fault: { fault: 'pending', delayMs: forEverMs } },
  {
    lastSixDigits: 904_203,
    once: false,
    fault: { fault: 'pending', delayMs: 2_000, becomes: 'declined' },
  },
  { lastSixDigits: 904_402, once: false, fault: { fault: 'decline' } },
  { lastSixDigits: 904_407, once: true, fault: { fault: 'timeout-before' } },
  { lastSixDigits: 904_408, once: true, fault: { fault: 'timeout-after' } },
  { lastSixDigits: 904_409, once: false, fault: { fault: 'drop-keys' } },
  { lastSixDigits: 904_429, once: true, fault: { fault: 'rate-limit' } },
  { lastSixDigits: 904_500, once: true, fault: { fault: 'error-before' } },
  { lastSixDigits: 904_501, once: true, fault: { fault: 'error-after' } },
  { lastSixDigits: 904_503, once: false, fault: { fault: 'down' } },
  { lastSixDigits: 904_504, once: false, fault: { fault: 'slow', delayMs: 3_000 } },
  { lastSixDigits: 904_505, once: true, fault: { fault: 'reset-before' } },
  { lastSixDigits: 904_506, once: true, fault: { fault: 'reset-after' } },
  { lastSixDigits: 904_601, once: false, fault: { fault: 'wrong-amount' } },
  { lastSixDigits: 904_602, once: false, fault: { fault: 'wrong-currency' } },
  { lastSixDigits: 904_603, once: true, fault: { fault: 'html' } },
  { lastSixDigits: 904_604, once: true, fault: { fault: 'huge' } },
  { lastSixDigits: 904_701, once: false, fault: { fault: 'webhook-duplicate' } },
  { lastSixDigits: 904_702, once: false, fault: { fault: 'webhook-reordered' } },
  { lastSixDigits: 904_703, once: false, fault: { fault: 'webhook-late', delayMs: 2_000 } },
  { lastSixDigits: 904_704, once: false, fault: { fault: 'webhook-missing' } },
];

/** The fault of an amount of minor units, if it has one. */
export function magicFault(amount: number | undefined): MagicAmount | undefined {
  // Looked at before the order is read: it may be anything yet.
  if (amount === undefined || !Number.isSafeInteger(amount)) return undefined;
  return magicAmounts.find(({ lastSixDigits }) => lastDigitsOf(amount, 6) === lastSixDigits);
}
