import { CancellationScope, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { PaymentLedgerSteps } from '../activities/payment.js';
import {
  type Captured,
  type Conflict,
  type Envelope,
  type Fail,
  formatMoney,
  type Held,
  type PaymentCommand,
  type PaymentResult,
  type Phase,
  type Released,
  type ReleaseBecause,
  type Settled,
  type Unknown,
  unreachable,
} from '../domain/index.js';
import { chargeOnce, resolveCharge, type Stuck } from './charge.js';
import { now } from './clock.js';
import { count } from './counters.js';
import { faultReason, isStepFailure, ledgerSteps } from './ledger-step.js';
import { parkedUntilVerify } from './parking.js';
import { listenForWishes, type Wishes } from './wishes.js';

const ledger = ledgerSteps<PaymentLedgerSteps>();

/**
 * Takes one payment from command to settled, refused or parked. Nothing stops it half-way:
 * stopping is a request.
 */
export async function payment(asked: Envelope<PaymentCommand>): Promise<PaymentResult> {
  // Temporal's clock counts the budget: a gateway's clock may be wrong.
  const envelope = { ...asked, acceptedAt: workflowInfo().startTime.getTime() };
  const course: Course = { envelope, wishes: listenForWishes(), parked: 0, phases: 0 };

  return CancellationScope.nonCancellable(async () => {
    for (;;) {
      const ended = await untilEnded(course).catch(stuckOnFault);
      if (ended.kind !== 'stuck') return shown(course, ended);
      await park(course, ended);
    }
  });
}

/**
 * One payment's way so far. Every ledger step may be walked again: it answers as the first time.
 */
interface Course {
  readonly envelope: Envelope<PaymentCommand>;
  readonly wishes: Wishes;
  /** Set from the first charge whose outcome is not certain, until proof ends it. */
  doubt?: { readonly sentAt: number; readonly because: Unknown };
  /** Why the money goes back, where only this run knows: a fault must not make it forget. */
  returns?: ReleaseBecause;
  /** How often a person was asked. */
  parked: number;
  /** How often the phase was written: names each write. */
  phases: number;
}

async function untilEnded(course: Course): Promise<PaymentResult | Stuck> {
  const { envelope, wishes } = course;
  const held = await ledger.reservePayment(envelope);
  if (held.kind !== 'held') return held;
  setCurrentDetails(`**Held**: ${described(course)}.`);

  const verdict = course.returns ?? (await verdictOf(course, held));
  wishes.open = false;
  if (isOurs(verdict)) course.returns = verdict;
  switch (verdict.kind) {
    case 'captured':
    case 'internal':
      return endOf(await ledger.settlePayment(envelope.opId, verdict));
    case 'declined':
    case 'withdrawn':
    case 'never-charged':
      return endOf(await ledger.releasePayment(envelope, verdict));
    case 'stuck':
      return verdict;
    default:
      return unreachable(verdict);
  }
}

type Verdict = Captured | { readonly kind: 'internal' } | ReleaseBecause | Stuck;

async function verdictOf(course: Course, held: Held): Promise<Verdict> {
  const { envelope, wishes } = course;
  if (envelope.command.payload.method === 'balance') {
    wishes.open = false;
    return { kind: wishes.withdrawn ? 'withdrawn' : 'internal' };
  }
  const request = { held, trace: envelope.trace };
  if (held.replayed) course.doubt ??= { sentAt: held.heldAt, because: metAgain };
  if (course.doubt) wishes.open = false;
  if (course.doubt === undefined) {
    const sentAt = now();
    const answer = await chargeOnce(request, envelope.acceptedAt + envelope.timeBudgetMs, wishes);
    // A run that was reset may have charged in the part that was cut off.
    const { runId, firstExecutionRunId } = workflowInfo();
    const cut = isOurs(answer) && runId !== firstExecutionRunId;
    course.doubt = {
      sentAt: cut ? held.heldAt : sentAt,
      because: answer.kind === 'unknown' ? answer : metAgain,
    };
    if (answer.kind !== 'unknown' && !cut) return answer;
  }
  if (course.parked === 0) {
    count('holdfast_doubts_opened', envelope);
    await note(course, 'in-doubt', course.doubt.because.reason);
  }
  const profile = await ledger.doubtProfile();
  // Once a person was asked, a look is a look: nothing is charged again behind their back.
  const asked = course.parked > 0 ? { ...profile, ladderMs: [0], keyLifetimeMs: 0 } : profile;
  const found = await resolveCharge(request, course.doubt, asked, wishes);
  if (found.kind !== 'stuck') {
    count('holdfast_doubts_resolved', envelope, { outcome: found.kind });
  }
  return found;
}

/** Judged here, and not by the provider, who would say it again. */
function isOurs(verdict: Verdict | Unknown): verdict is ReleaseBecause {
  return verdict.kind === 'withdrawn' || verdict.kind === 'never-charged';
}

// The run that held it may have charged, and is not there to be asked.
const metAgain: Unknown = { kind: 'unknown', reason: 'asked before', askAgainAfterMs: 0 };

async function park(course: Course, stuck: Stuck): Promise<void> {
  course.parked += 1;
  course.wishes.verify = false;
  await note(course, 'parked', stuck.reason).catch(stuckOnFault);
  count('holdfast_operations_parked', course.envelope);
  await parkedUntilVerify(`${described(course)}: ${stuck.reason}`, course.wishes);
}

async function note(course: Course, phase: Phase, reason: string): Promise<void> {
  course.phases += 1;
  const change = `phase.${workflowInfo().runId}.${course.phases}`;
  setCurrentDetails(`**${phase}**: ${described(course)}, because ${reason}.`);
  await ledger.notePhase(course.envelope.opId, change, phase, reason);
}

function endOf(result: Settled | Released | Conflict | Fail): PaymentResult | Stuck {
  switch (result.kind) {
    case 'settled':
    case 'fail':
      return result;
    case 'released':
      return { kind: 'fail', code: result.code, message: result.message };
    case 'conflict':
      return { kind: 'stuck', reason: `the ledger refused the evidence: ${result.reason}` };
    default:
      return unreachable(result);
  }
}

/** After a hold no exception closes the workflow: a fault that time cannot mend is parked. */
function stuckOnFault(error: unknown): Stuck {
  if (!isStepFailure(error)) throw error;
  return { kind: 'stuck', reason: faultReason(error) };
}

function shown(course: Course, result: PaymentResult): PaymentResult {
  const settled = result.kind === 'settled';
  setCurrentDetails(
    `**${settled ? 'Settled' : `Refused (${result.code})`}**: ${described(course)}.`,
  );
  if (result.kind === 'settled') count('holdfast_operations_settled', course.envelope);
  else count('holdfast_operations_refused', course.envelope, { code: result.code });
  return result;
}

function described({ envelope }: Course): string {
  const { account, payTo, amount, currency } = envelope.command.payload;
  return `${formatMoney(amount, currency)} from ${account} to ${payTo ?? 'the merchant'}`;
}
