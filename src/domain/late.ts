import { type Command, commands } from './command.js';
import type { Currency } from './currency.js';
import type { Authorized, Captured, OutsideAnswer } from './evidence.js';
import type { AccountId, OpId } from './ids.js';

/** Who asks for what a provider tells: nobody of the tenant does. */
export const latePrincipal = 'holdfast:late';

/** What came to light after an operation had ended: money that the provider holds or took. */
export interface LatePayload {
  /** The operation that had ended; it stays as it is. */
  readonly payment: OpId;
  readonly account: AccountId;
  readonly amount: number;
  readonly currency: Currency;
  readonly evidence: Captured | Authorized;
}

export type LateCommand = Command<LatePayload> & {
  readonly domain: typeof commands.late.domain;
  readonly eventType: typeof commands.late.eventType;
};

/**
 * The operation that gives late money back, the same for the same evidence however often it comes;
 * undefined for evidence that leaves nothing to give back, which is for a person.
 */
export function lateCommandOf(
  payment: OpId,
  account: AccountId,
  evidence: OutsideAnswer,
): LateCommand | undefined {
  if (evidence.kind !== 'captured' && evidence.kind !== 'authorized') return undefined;
  const { reference, chargeId, minor: amount, currency } = evidence;
  const { domain, eventType } = commands.late;
  const idemKey = `${reference}:${chargeId}`;
  return { domain, eventType, idemKey, payload: { payment, account, amount, currency, evidence } };
}
