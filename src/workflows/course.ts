import {
  CancellationScope,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { PaymentLedgerSteps } from '../activities/payment.js';
import type { UploadLedgerSteps } from '../activities/upload.js';
import {
  type CapturedPart,
  type Command,
  type Conflict,
  commands,
  type Currency,
  type Decision,
  type Envelope,
  type Fail,
  formatMoney,
  type PaymentMethod,
  type PaymentResult,
  type Phase,
  type Released,
  type ReleaseBecause,
  type Settled,
  type Unknown,
  unreachable,
} from '../domain/index.js';
import { count } from './counters.js';
import { faultReason, isStepFailure, ledgerSteps } from './ledger-step.js';
import { decide } from './messages.js';
import { parkedUntilVerify } from './parking.js';
import type { Certain, Request } from './provider-step.js';
import { listenForWishes, type Wishes } from './wishes.js';

/** The ledger's steps, as every operation with money takes them. */
export const ledger = ledgerSteps<PaymentLedgerSteps & UploadLedgerSteps>();

/** A command that moves money of an account. */
export type MoneyCommand = Command<{
  readonly account: string;
  readonly amount?: number;
  readonly currency: Currency;
  readonly payTo?: string;
  readonly capture?: string;
  readonly payment?: string;
  readonly destination?: string;
}>;

/** Nobody but a person can go on. */
export interface Stuck {
  readonly kind: 'stuck';
  readonly reason: string;
}

/** A step of which it is not certain what it did. */
export interface Doubt {
  /** As it was sent last; its reference is the key to ask by. */
  readonly request: Request;
  readonly sentAt: number;
  readonly because: Unknown;
  /** How often a person had been asked before it. */
  readonly parkedBefore: number;
}

/**
 * One operation's way so far. Every ledger step may be walked again: it answers as the first time.
 * What only this run knows stands here, so that a fault does not make it forget.
 */
export interface Course<Of extends MoneyCommand = MoneyCommand> {
  readonly envelope: Envelope<Of>;
  readonly wishes: Wishes;
  /** What is certain, by outside step. */
  readonly certain: Map<string, Certain>;
  /** What is not, by outside step, from the first answer that left it open. */
  readonly doubts: Map<string, Doubt>;
  /** True once it waited for a provider that was not asked. */
  deferred: boolean;
  /** True while it waits deferred, and certainly nothing was sent. */
  choosable: boolean;
  /** The method that was chosen in place of its own, which is then not used any more. */
  chosen?: PaymentMethod;
  /** Why the money goes back, where only this run knows. */
  returns?: ReleaseBecause;
  /** What two people decided, until it is carried out. */
  decision?: Decision | undefined;
  /** How often a person was asked. */
  parked: number;
  /** How long it waited for a second person: that is no matter of the budget. */
  waitedMs: number;
  /** How often the phase was written: names each write. */
  phases: number;
}

/** A course from its beginning, with its ears open. */
export function beginCourse<Of extends MoneyCommand>(
  asked: Envelope<Of>,
  beginsAt: number,
): Course<Of> {
  // Temporal's clock counts the budget: a gateway's clock may be wrong.
  const envelope = { ...asked, acceptedAt: beginsAt };
  const [certain, doubts] = [new Map<string, Certain>(), new Map<string, Doubt>()];
  const counts = { parked: 0, phases: 0, waitedMs: 0, deferred: false, choosable: false };
  const course: Course<Of> = { envelope, wishes: listenForWishes(), certain, doubts, ...counts };
  setHandler(decide, (decision) => {
    course.decision = decision;
    course.wishes.verify = true;
  });
  return course;
}

/**
 * Walks until the operation has ended, and parks whenever only a person can go on: after a hold no
 * exception closes the workflow, and no Cancel stops it half-way.
 */
export function untilEnded(
  course: Course,
  walk: () => Promise<PaymentResult | Stuck>,
): Promise<PaymentResult> {
  return CancellationScope.nonCancellable(async () => {
    for (;;) {
      // Only between two walks: nothing is under way that a decision could cross.
      const decided = course.parked > 0 ? course.decision : undefined;
      const way = decided === undefined ? walk() : carryOut(course, decided);
      const ended = await way.catch(stuckOnFault);
      if (ended.kind !== 'stuck') return shown(course, ended);
      await park(course, ended);
    }
  });
}

/** Until when an outside step may begin, epoch milliseconds. */
export function budgetEndsAt({ envelope, waitedMs }: Course): number {
  return envelope.acceptedAt + envelope.timeBudgetMs + waitedMs;
}

/** Writes where the operation stands, and until when, epoch milliseconds, and shows it. */
export async function note(
  course: Course,
  phase: Phase,
  reason: string,
  event?: string,
  until?: number,
): Promise<void> {
  course.phases += 1;
  const change = `phase.${workflowInfo().runId}.${course.phases}`;
  setCurrentDetails(`**${phase}**: ${described(course)}, because ${reason}.`);
  await ledger.notePhase(course.envelope.opId, change, phase, reason, event, until);
}

/** How a ledger step that ends an operation has ended it. */
export function endOf(
  result: Settled | Released | CapturedPart | Conflict | Fail,
): PaymentResult | Stuck {
  switch (result.kind) {
    case 'settled':
    case 'fail':
      return result;
    case 'released':
      return { kind: 'fail', code: result.code, message: result.message };
    case 'captured-part':
      return { kind: 'stuck', reason: 'the ledger holds more than was thought' };
    case 'conflict':
      return { kind: 'stuck', reason: `the ledger refused the evidence: ${result.reason}` };
    default:
      return unreachable(result);
  }
}

/** What it is about, for the person who reads it in the Web UI. */
export function described({ envelope }: Course): string {
  const { account, amount, currency, payment, payTo, destination } = envelope.command.payload;
  const what = amount === undefined ? `what is left in ${currency}` : formatMoney(amount, currency);
  if (payment !== undefined) return `${what} of ${payment} back to ${account}`;
  const payee = payees[envelope.command.domain] ?? 'the merchant';
  return `${what} from ${account} to ${payTo ?? destination ?? payee}`;
}

const payees: Readonly<Record<string, string>> = {
  [commands.ride.domain]: 'the driver',
  [commands.upload.domain]: 'a file',
};

async function park(course: Course, stuck: Stuck): Promise<void> {
  course.parked += 1;
  // What was decided while it walked would otherwise wait for the next one who asks.
  course.wishes.verify = course.decision !== undefined;
  const { heard } = course.wishes;
  await note(course, 'parked', stuck.reason).catch(stuckOnFault);
  count('holdfast_operations_parked', course.envelope);
  await parkedUntilVerify(`${described(course)}: ${stuck.reason}`, course.wishes, heard);
}

/** Does what two people decided. The ledger looks whether they did; if not, nothing changes. */
async function carryOut(
  course: Course,
  { action, by, chargeId }: Decision,
): Promise<PaymentResult | Stuck> {
  const { envelope, wishes } = course;
  const { open } = wishes;
  course.decision = undefined;
  wishes.open = false;
  try {
    const { settle, release } = handsOf(envelope.command.domain);
    const proof = { kind: 'by-hand', by, ...(chargeId !== undefined && { chargeId }) } as const;
    if (action === 'settle') return endOf(await settle(envelope.opId, proof));
    return endOf(await release(envelope, { kind: 'by-hand', by, code: 'released-by-hand' }));
  } finally {
    wishes.open = open;
  }
}

/** The steps under the names that the operation's history has for them. */
function handsOf(domain: string) {
  if (domain === commands.refund.domain) {
    return { settle: ledger.settleRefund, release: ledger.releaseRefund };
  }
  if (domain === commands.upload.domain) {
    return { settle: ledger.settleUpload, release: ledger.releaseUpload };
  }
  return domain === commands.payout.domain
    ? { settle: ledger.settlePayout, release: ledger.releasePayout }
    : { settle: ledger.settlePayment, release: ledger.releasePayment };
}

function stuckOnFault(error: unknown): Stuck {
  if (!isStepFailure(error)) throw error;
  return { kind: 'stuck', reason: faultReason(error) };
}

function shown(course: Course, result: PaymentResult): PaymentResult {
  const settled = result.kind !== 'fail';
  setCurrentDetails(
    `**${settled ? 'Settled' : `Refused (${result.code})`}**: ${described(course)}.`,
  );
  if (result.kind !== 'fail') count('holdfast_operations_settled', course.envelope);
  else count('holdfast_operations_refused', course.envelope, { code: result.code });
  return result;
}
