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
export { type AlertKind, alertKinds } from './alert.js';
export {
  admits,
  afterFailure,
  afterSuccess,
  type BreakerAct,
  type BreakerEvent,
  type BreakerProfile,
  type BreakerRow,
  type BreakerState,
  type BreakerStore,
  breakerActs,
  breakerAt,
  breakerEventOf,
  breakerProfiles,
  type CallTally,
  closedBreaker,
  type GuardedProvider,
  guardedProviders,
  hearsSuccess,
  isolatedBreaker,
  paymentProviders,
  shareOf,
  tallied,
} from './breaker.js';
export { type CaseAction, type CaseState, caseActions, caseStates, type Decision } from './case.js';
export { type Command, commands, type Envelope } from './command.js';
export { confirms, type Ending } from './confirms.js';
export {
  type CorrectionCommand,
  type CorrectionPayload,
  correctionPrincipal,
  parseCorrection,
} from './correction.js';
export { type Currency, currencies, exponentOf, isCurrency } from './currency.js';
export { type LateCommand, lateCommandOf, latePrincipal } from './late.js';
export { askAgainMs, deferredMsMax } from './deferral.js';
export { defaultLadderMs, ladderRungsMax, nextRungMs } from './doubt.js';
export type { OperationEvent } from './event.js';
export type {
  Approved,
  Attempted,
  Authorized,
  Begun,
  Captured,
  CapturedPart,
  Capturing,
  Conflict,
  Contradicted,
  Declined,
  Extended,
  Fenced,
  Held,
  MethodChosen,
  NotApproved,
  NotFound,
  OutsideAnswer,
  OutsideStep,
  PaidOut,
  PaymentResult,
  Pending,
  Refunded,
  Released,
  Returned,
  ReleaseBecause,
  ReleasedByHand,
  Scheduled,
  Settled,
  SettledByHand,
  SettleProof,
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
  type CaptureRefusal,
  type CaptureWish,
  type Holding,
  type HoldRefusal,
  judgeCapture,
  parseCaptureWish,
  parseExtension,
} from './holding.js';
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
export { momentMsOf } from './moment.js';
export {
  amountMax,
  formatMoney,
  inUnits,
  lastDigitsOf,
  least,
  minus,
  type Money,
  money,
  ofUnits,
  percentOf,
  plus,
} from './money.js';
export { type Channel, channels } from './notice.js';
export {
  type DeliveryBegun,
  type DeliverySkipped,
  type DoubtPolicy,
  doubtPolicies,
  localeForm,
  type NoticeAccepted,
  type NoticeSecrets,
  type NoticeSent,
  type NotificationCommand,
  type NotificationPayload,
  noticePrincipal,
  notificationOf,
  parseNotification,
  recipientIdForm,
} from './notification.js';
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
  type PaymentMethod,
  type PaymentPayload,
  parseMethodChoice,
  parsePaymentCommand,
  timeBudgetMsDefault,
} from './payment.js';
export { type PayoutCommand, type PayoutPayload, parsePayoutCommand } from './payout.js';
export {
  parseRecipient,
  type Recipient,
  sealedFor,
  timeOfDayForm,
  timeZoneForm,
} from './recipient.js';
export { parseRefundCommand, type RefundCommand, type RefundPayload } from './refund.js';
export { outsideQueueOf, turnOf } from './queues.js';
export { isMoneyRefusal, type RefusalCode, refusalCodes } from './refusals.js';
export {
  authoriseMsMax,
  bookingMsMax,
  cancelFeeMax,
  judgeCancel,
  judgeCompletion,
  judgeMatch,
  matchMsMax,
  parseRideCancel,
  parseRideCommand,
  parseRideCompletion,
  parseRideMatch,
  type Ride,
  type RideAnswer,
  type RideCommand,
  type RideMatch,
  type RideParty,
  type RidePayload,
  type RideRequested,
  rideMsMax,
  rideParties,
  splitFare,
} from './ride.js';
export { kindOf, type ServiceName, type ServiceStep, serviceSteps } from './service-steps.js';
export type { Accepted, Confirmed, Fulfilled, MoneyAsked, Turned } from './several-steps.js';
export { hmacSha256Hex, sha256Hex } from './sha256.js';
export { type Attempt, nextKey } from './step-keys.js';
export { unreachable } from './unreachable.js';
export {
  type Advanced,
  type Assembled,
  type Assembling,
  type Claimed,
  type FileDeletionCommand,
  fileDeletionOf,
  fileKeyOf,
  type Incomplete,
  type Inspected,
  isImage,
  objectPrefixes,
  type PartAnswer,
  partKeyOf,
  parseUploadCommand,
  prefixesOf,
  type Published,
  quarantineKeyOf,
  thumbKeyOf,
  type UploadCommand,
  type UploadPayload,
  type UploadRequest,
  type UploadStage,
  uploadStages,
} from './upload.js';
export { orderLinesMax, quantityMax } from './order.js';
export { parseOrderCommand } from './order.js';
export type { OrderCommand } from './order.js';
// new operations go above this line
