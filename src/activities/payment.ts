import { Context } from '@temporalio/activity';
import type {
  Approved,
  Attempted,
  Begun,
  CapturedPart,
  Capturing,
  Conflict,
  Envelope,
  Extended,
  Fail,
  Held,
  LateCommand,
  MethodChosen,
  NotApproved,
  OpId,
  PaymentCommand,
  PaymentMethod,
  PayoutCommand,
  PaymentResult,
  Phase,
  RefundCommand,
  RefusalCode,
  Released,
  ReleaseBecause,
  ReleasedByHand,
  Returned,
  Scheduled,
  Settled,
  SettledByHand,
  SettleProof,
} from '../domain/index.js';
import type { CaptureRequest, Ledger, Waiting } from '../ledger/index.js';
import type { PaymentProvider, ProviderProfile } from '../providers/provider.js';
import { type DatabaseFault, faultsOf } from './faults.js';

/** Which move of a hold this is, and whether the rest goes back with it. */
export interface Move {
  readonly step: string;
  readonly final: boolean;
}

type Reserve<Command extends PaymentCommand | RefundCommand | PayoutCommand> = (
  envelope: Envelope<Command>,
) => Promise<Held | Settled | Fail>;
type Settle = (
  opId: OpId,
  proof: SettleProof | SettledByHand,
  move?: Move,
) => Promise<Settled | CapturedPart | Conflict>;
type Release = (
  envelope: Envelope,
  because: ReleaseBecause | ReleasedByHand,
) => Promise<Released | Settled | Conflict | Fail>;

/** The ledger's side of a payment, refund or payout: each step one statement, each repeatable. */
export interface PaymentLedgerSteps {
  schedulePayment(envelope: Envelope<PaymentCommand>): Promise<Scheduled | Settled | Fail>;
  reservePayment: Reserve<PaymentCommand>;
  reserveRefund: Reserve<RefundCommand>;
  reservePayout: Reserve<PayoutCommand>;
  settlePayment: Settle;
  settleRefund: Settle;
  settlePayout: Settle;
  releasePayment: Release;
  releaseRefund: Release;
  releasePayout: Release;
  endApproval(opId: OpId, code?: RefusalCode): Promise<Waiting | Approved | NotApproved | Conflict>;
  chooseMethod(opId: OpId, method: PaymentMethod): Promise<MethodChosen | Conflict>;
  beginCapture(opId: OpId, asked: CaptureRequest): Promise<Capturing | Fail>;
  /** A name of its own: a worker that knows of no rest would not set it aside. */
  beginCaptureWithRest(opId: OpId, asked: CaptureRequest): Promise<Capturing | Fail>;
  extendHold(opId: OpId, change: string, expiresAt: number): Promise<Extended | Fail>;
  writeAttempt(
    opId: OpId,
    step: string,
    n: number,
    minor: number | null,
  ): Promise<Attempted | Conflict>;
  beginLate(envelope: Envelope<LateCommand>): Promise<Begun | Returned | Fail>;
  endLate: Ledger['endLate'];
  notePhase(
    opId: OpId,
    change: string,
    phase: Phase,
    reason: string,
    event?: string,
    until?: number,
  ): Promise<unknown>;
  readEnd(opId: OpId): Promise<PaymentResult | { readonly kind: 'open' }>;
  readPaid: Ledger['readPaid'];
  doubtProfile(): Promise<ProviderProfile>;
}

/** The ledger steps of payments, refunds and payouts. */
export function paymentActivities(deps: {
  readonly ledger: Ledger;
  readonly provider: PaymentProvider;
  readonly classify: (error: unknown) => DatabaseFault;
}): PaymentLedgerSteps {
  const { ledger, provider } = deps;
  const settle: Settle = (opId, proof, move) => ledger.settle(opId, proof, move);
  const release: Release = (envelope, because) => ledger.release(envelope, because);
  return faultsOf(deps.classify, {
    schedulePayment: ledger.schedule,
    reservePayment: (envelope: Envelope<PaymentCommand>) => ledger.hold(envelope, runId()),
    reserveRefund: (envelope: Envelope<RefundCommand>) => ledger.holdRefund(envelope, runId()),
    reservePayout: (envelope: Envelope<PayoutCommand>) => ledger.holdPayout(envelope, runId()),
    ...{ settlePayment: settle, settleRefund: settle, settlePayout: settle },
    ...{ releasePayment: release, releaseRefund: release, releasePayout: release },
    ...{ beginCapture: ledger.beginCapture, beginCaptureWithRest: ledger.beginCapture },
    endApproval: ledger.endApproval,
    chooseMethod: ledger.chooseMethod,
    extendHold: ledger.extendHold,
    writeAttempt: ledger.writeAttempt,
    readEnd: ledger.readEnd,
    readPaid: ledger.readPaid,
    beginLate: (envelope: Envelope<LateCommand>) => ledger.beginLate(envelope, runId()),
    endLate: ledger.endLate,
    notePhase: (opId, change, phase, reason, event, until) => {
      const ends = until === undefined ? {} : { until: new Date(until).toISOString() };
      return ledger.notePhase(opId, change, phase, { reason, ...ends }, event);
    },
    doubtProfile: () => Promise.resolve(provider.profile),
  });
}

function runId(): string | undefined {
  return Context.current().info.workflowExecution?.runId;
}
