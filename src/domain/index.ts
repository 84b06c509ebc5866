/**
 * @module domain: the words of Holdfast, and what follows from them alone.
 * lives here: ids, money, commands, outcomes, evidence, refusals, states, fingerprints
 * may touch: nothing; it imports nothing, so that the workflow isolate can carry all of it
 * never: a clock, randomness, input or output
 * proved in: tables in test/domain
 */
export {
  type AccountEditCommand,
  type AccountEditPayload,
  type AccountOpenCommand,
  type AccountOpenPayload,
  type FundingCommand,
  type FundingPayload,
  parseAccountEdit,
  parseAccountOpen,
  parseFunding,
} from './account.js';
export { type Command, commands, type Envelope } from './command.js';
export { type Currency, currencies, exponentOf, isCurrency } from './currency.js';
export { defaultLadderMs, ladderRungsMax, nextRungMs } from './doubt.js';
export type {
  Authorized,
  Captured,
  Conflict,
  Contradicted,
  Declined,
  Fenced,
  Held,
  NotFound,
  OutsideAnswer,
  OutsideStep,
  PaidOut,
  PaymentResult,
  Pending,
  Refunded,
  Released,
  ReleaseBecause,
  Settled,
  Voided,
} from './evidence.js';
export {
  type Fault,
  type FaultCode,
  type ObjectReader,
  type Parsed,
  readObject,
} from './faults.js';
export { differs, digestsOf, type FieldDigests, fingerprintOf } from './fingerprint.js';
export {
  type AccountId,
  accountIdOf,
  idemKeyPattern,
  isAccountId,
  isIdemKey,
  isOpId,
  type OpId,
  type OperationKey,
  opIdOf,
  referenceOf,
} from './ids.js';
export { amountMax, formatMoney, type Money, money } from './money.js';
export {
  isFinal,
  isState,
  type OperationState,
  type Phase,
  phases,
  states,
  transition,
} from './operation.js';
export type { Fail, Ok, Outcome, Retry, Unknown } from './outcome.js';
export {
  type PaymentCommand,
  type PaymentPayload,
  parsePaymentCommand,
  timeBudgetMsDefault,
} from './payment.js';
export { isMoneyRefusal, type RefusalCode, refusalCodes } from './refusals.js';
export { hmacSha256Hex, sha256Hex } from './sha256.js';
export { unreachable } from './unreachable.js';
