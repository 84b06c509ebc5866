import { Context } from '@temporalio/activity';
import type {
  Captured,
  Conflict,
  Contradicted,
  Declined,
  Envelope,
  Fail,
  Held,
  NotFound,
  Ok,
  OpId,
  PaymentCommand,
  Pending,
  Phase,
  Released,
  ReleaseBecause,
  Retry,
  Settled,
  Unknown,
} from '../domain/index.js';
import type { Ledger } from '../ledger/index.js';
import type { OutsideRequest, PaymentProvider } from '../providers/provider.js';
import { type DatabaseFault, faultsOf } from './faults.js';

/** What to ask the provider: the held money under the key of one attempt. */
export interface ChargeRequest {
  readonly held: Held;
  readonly trace: string;
}

/** What the provider said; every kind but the first two leaves the charge open. */
export type ChargeAnswer = Captured | Declined | Pending | Contradicted | Retry | Fail | Unknown;
export type LookUpAnswer =
  | Captured
  | Declined
  | Pending
  | Contradicted
  | NotFound
  | Retry
  | Unknown;

/** What the resolver of a doubt needs to know of the provider. All in milliseconds. */
export interface DoubtProfile {
  readonly ladderMs: readonly number[];
  readonly visibilityDelayMs: number;
  readonly keyLifetimeMs: number;
}

/** The ledger's side of a payment: each step one statement, each repeatable. */
export interface PaymentLedgerSteps {
  reservePayment(envelope: Envelope<PaymentCommand>): Promise<Held | Settled | Fail>;
  settlePayment(opId: OpId, proof: Captured | { kind: 'internal' }): Promise<Settled | Conflict>;
  releasePayment(
    envelope: Envelope<PaymentCommand>,
    because: ReleaseBecause,
  ): Promise<Released | Conflict | Fail>;
  notePhase(opId: OpId, change: string, phase: Phase, reason: string): Promise<unknown>;
  doubtProfile(): Promise<DoubtProfile>;
}

/**
 * The provider's side: never repeated by Temporal, for only the workflow knows what is in doubt.
 */
export interface PaymentProviderSteps {
  chargePayment(request: ChargeRequest): Promise<ChargeAnswer>;
  findCharge(request: ChargeRequest): Promise<LookUpAnswer>;
}

/** The steps of a payment over a ledger and a provider. */
export function paymentActivities(deps: {
  readonly ledger: Ledger;
  readonly provider: PaymentProvider;
  readonly classify: (error: unknown) => DatabaseFault;
}): PaymentLedgerSteps & PaymentProviderSteps {
  const { ledger, provider } = deps;
  return faultsOf(deps.classify, {
    reservePayment: (envelope: Envelope<PaymentCommand>) =>
      ledger.hold(envelope, Context.current().info.workflowExecution?.runId),
    settlePayment: (opId: OpId, proof: Captured | { kind: 'internal' }) =>
      ledger.settle(opId, proof),
    releasePayment: (envelope: Envelope<PaymentCommand>, because: ReleaseBecause) =>
      ledger.release(envelope, because),
    notePhase: (opId: OpId, change: string, phase: Phase, reason: string) =>
      ledger.notePhase(opId, change, phase, { reason }),
    doubtProfile: () => Promise.resolve(provider.profile),
    chargePayment: async ({ held, trace }: ChargeRequest) =>
      opened(await alive(provider.perform(chargeOf(held, trace)))) as ChargeAnswer,
    findCharge: async ({ held, trace }: ChargeRequest) =>
      opened(await alive(provider.find(chargeOf(held, trace)))) as LookUpAnswer,
  });
}

function chargeOf(held: Held, trace: string): OutsideRequest {
  const { reference, minor, currency } = held;
  return { step: 'charge', reference, amount: { minor, currency }, trace };
}

/** What an outcome holds: its value when it is one, itself when not. */
function opened<Value, Rest extends { kind: string }>(outcome: Ok<Value> | Rest): Value | Rest {
  return outcome.kind === 'ok' ? (outcome as Ok<Value>).value : (outcome as Rest);
}

const heartbeatIntervalMs = 1_000;

// A worker that dies in the call is noticed after the heartbeat time-out, not after the whole call.
async function alive<Answer>(call: Promise<Answer>): Promise<Answer> {
  const beat = setInterval(() => Context.current().heartbeat(), heartbeatIntervalMs);
  try {
    return await call;
  } finally {
    clearInterval(beat);
  }
}
