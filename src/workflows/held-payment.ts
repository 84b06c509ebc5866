import { condition, setHandler } from '@temporalio/workflow';
import {
  type Authorized,
  type Held,
  type HoldRefusal,
  type Holding,
  minus,
  type PaymentResult,
  plus,
  unreachable,
} from '../domain/index.js';
import { now } from './clock.js';
import { type Course, endOf, ledger, note, type Stuck } from './course.js';
import { capture, extend, type HoldAnswer } from './messages.js';
import {
  type Act,
  noHoldYet,
  type OpenHold,
  promiseCapture,
  promiseExtension,
  promiseLetGo,
} from './open-hold.js';
import { certainOf } from './outside.js';
import { find } from './provider-step.js';
import { chargeRest } from './rest-charge.js';

const warnBeforeMs = 24 * 3_600_000;

/** Hears wishes about the hold from now on; before it is held, and once it closes, they lose. */
export function listenForHold({ wishes }: Course): OpenHold {
  const hold = noHoldYet();
  const judgedExtension = (expiresAt: number): HoldAnswer => {
    if (hold.holding === undefined || hold.holding.closing || wishes.withdrawn) {
      return refused('invalid-state');
    }
    if (expiresAt <= now()) return refused('moment-past');
    if (expiresAt > hold.expiresAtMax) return refused('hold-too-long');
    promiseExtension(hold, expiresAt);
    return { kind: 'accepted' };
  };
  setHandler(capture, (wish) => ({ ...promiseCapture(hold, wishes, wish), asked: wish }));
  setHandler(extend, (expiresAt) => ({ ...judgedExtension(expiresAt), asked: expiresAt }));
  return hold;
}

function refused(code: HoldRefusal['code']): HoldRefusal {
  return { kind: 'refused', code };
}

/** Keeps what was authorised until captures, a withdrawal or its expiry have ended it. */
export async function heldUntilClosed(
  course: Course,
  hold: OpenHold,
  held: Held,
  authorized: Authorized,
): Promise<PaymentResult | Stuck> {
  if (hold.holding === undefined) await openHold(course, hold, held, authorized);
  for (;;) {
    const act = hold.acts[0] ?? (await nextAct(course, hold));
    const ended = await done(course, hold, act, authorized);
    if (ended !== undefined) return ended;
    hold.acts.shift();
  }
}

async function done(
  course: Course,
  hold: OpenHold,
  act: Act,
  authorized: Authorized,
): Promise<PaymentResult | Stuck | undefined> {
  switch (act.kind) {
    case 'capture':
      return captureHeld(course, hold, act, authorized);
    case 'extend':
      return extendHeld(course, hold, act);
    case 'say':
      await note(course, 'held', act.reason, act.event);
      return undefined;
    case 'let-go':
      return letGo(course, act, authorized);
    default:
      return unreachable(act);
  }
}

async function openHold(
  course: Course,
  hold: OpenHold,
  held: Held,
  { expiresAt = Infinity }: Authorized,
): Promise<void> {
  const { acts = 0, captured = 0, open } = held.resumes ?? {};
  // The phase tells another run that a capture is over: not yet.
  if (open === undefined) {
    await note(course, 'held', 'it waits to be captured', 'hold.authorized');
  }
  const { overCapturePercent } = await ledger.doubtProfile();
  hold.expiresAtMax = expiresAt;
  hold.expiresAt = Math.min(held.expiresAt ?? expiresAt, expiresAt);
  hold.holding = {
    captures: course.envelope.command.payload.capture === 'multiple' ? 'multiple' : 'manual',
    ...{ authorised: held.minor, captured, promised: open?.minor ?? 0 },
    closing: open?.final ?? false,
    tolerancePercent: overCapturePercent,
  };
  // Withdrawn in time, before this run knew what was authorised: it is let go at once.
  course.wishes.open = open?.final !== true;
  hold.accepted = Math.max(hold.accepted, acts);
  if (open !== undefined) hold.acts.unshift({ kind: 'capture', ...open });
}

/** The next thing to do: what was accepted, or a withdrawal, or the end of the hold's time. */
async function nextAct(course: Course, hold: OpenHold): Promise<Act> {
  const { wishes } = course;
  const acts = hold.acts;
  wishes.withdrawn ||= wishes.open && wishes.cancelled;
  for (;;) {
    const warnAt = hold.warned ? hold.expiresAt : hold.expiresAt - warnBeforeMs;
    const waitMs = Math.max(1, warnAt - now());
    const woken = await condition(() => acts.length > 0 || wishes.withdrawn, waitMs);
    const [act] = acts;
    if (act !== undefined) return act;
    if (woken || now() >= hold.expiresAt) {
      promiseLetGo(hold, wishes, wishes.withdrawn ? 'withdrawn' : 'hold-expired');
    } else if (!hold.warned) {
      hold.warned = true;
      await note(course, 'held', 'it ends soon', 'hold.expiring');
    }
    const [last] = acts;
    if (last !== undefined) return last;
  }
}

async function captureHeld(
  course: Course,
  hold: OpenHold,
  act: Act & { kind: 'capture' },
  { chargeId }: Authorized,
): Promise<PaymentResult | Stuck | undefined> {
  const { n, minor, final, rest, sentAt } = act;
  const { opId, trace } = course.envelope;
  const tolerancePercent = hold.holding?.tolerancePercent ?? 0;
  const asked = { step: `capture.${n}`, minor, final, tolerancePercent, chargeId };
  const begun = await (rest === undefined
    ? ledger.beginCapture(opId, asked)
    : ledger.beginCaptureWithRest(opId, { ...asked, rest }));
  if (begun.kind === 'fail') return notTaken(course, hold, act, begun.code);

  const { reference } = { ...begun, ...act };
  const { currency } = course.envelope.command.payload;
  const answer = await certainOf(
    course,
    { step: 'capture', reference, amount: { minor, currency }, chargeId, final, trace },
    sentAt === undefined ? { heldAt: now() } : { heldAt: sentAt, replayed: true },
  );
  if (answer.kind === 'stuck') return answer;
  if (answer.kind === 'declined') return notTaken(course, hold, act, answer.declineCode);
  if (answer.kind !== 'captured') return { kind: 'stuck', reason: `a capture was ${answer.kind}` };
  const move = { step: `settle.${n}`, final: final && rest === undefined };
  const settled = await ledger.settlePayment(opId, answer, move);
  if (settled.kind !== 'captured-part') return endOf(settled);
  if (rest !== undefined) return chargeRest(course, rest, sentAt);
  kept(hold, { captured: minor, promised: minor });
  course.wishes.open = hold.holding?.closing === false;
  return undefined;
}

/** A promise is over. Counts on what stands now: more may have been accepted since it was read. */
function kept(hold: OpenHold, over: Pick<Holding, 'captured' | 'promised'>): void {
  if (hold.holding === undefined) return;
  const captured = plus(hold.holding.captured, over.captured);
  const promised = minus(hold.holding.promised, over.promised);
  hold.holding = { ...hold.holding, captured, promised };
}

/** The hold stands as before: whoever asked sees why in the history, and may ask again. */
async function notTaken(
  course: Course,
  hold: OpenHold,
  { minor, orElse }: Act & { kind: 'capture' },
  code: string,
): Promise<undefined> {
  kept(hold, { captured: 0, promised: minor });
  if (orElse !== undefined) {
    promiseLetGo(hold, course.wishes, orElse);
  } else {
    if (hold.holding !== undefined) hold.holding = { ...hold.holding, closing: false };
    course.wishes.open = true;
  }
  await note(course, 'held', `a capture was refused: ${code}`, 'capture.refused');
}

async function extendHeld(
  course: Course,
  hold: OpenHold,
  { n, expiresAt }: Act & { kind: 'extend' },
): Promise<Stuck | undefined> {
  const extended = await ledger.extendHold(course.envelope.opId, `extend.${n}`, expiresAt);
  if (extended.kind === 'fail') return { kind: 'stuck', reason: extended.message };
  hold.expiresAt = expiresAt;
  hold.warned = false;
  return undefined;
}

/** Lets go at the provider first: a hold that ends here and not there hurts a person for days. */
async function letGo(
  course: Course,
  { code }: Act & { kind: 'let-go' },
  authorized: Authorized,
): Promise<PaymentResult | Stuck> {
  const { opId, trace } = course.envelope;
  const { chargeId, minor, currency } = authorized;
  const written = await ledger.writeAttempt(opId, 'void.1', 1, minor);
  if (written.kind === 'conflict') return endOf(written);
  const { reference } = written;
  const amount = { minor, currency };
  const answer = await certainOf(
    course,
    { step: 'void', reference, amount, chargeId, trace },
    { heldAt: now() },
  );
  if (answer.kind === 'stuck') return answer;
  if (answer.kind === 'voided') {
    return endOf(await ledger.releasePayment(course.envelope, { ...answer, code }));
  }
  // It would not void: perhaps because it ended there by itself.
  const asked = { step: 'authorize' as const, reference: authorized.reference, amount, trace };
  const stands = await find(asked);
  if (stands.kind === 'voided') {
    return endOf(await ledger.releasePayment(course.envelope, { ...stands, code }));
  }
  return { kind: 'stuck', reason: `a void was ${answer.kind}, and the charge is ${stands.kind}` };
}
