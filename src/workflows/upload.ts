import { condition, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type {
  Assembled,
  Claimed,
  Envelope,
  FileDeletionCommand,
  PaymentResult,
  ReleaseBecause,
  UploadCommand,
} from '../domain/index.js';
import { now } from './clock.js';
import {
  beginCourse,
  type Course,
  described,
  endOf,
  ledger,
  type Stuck,
  untilEnded,
} from './course.js';
import { expired, inStore, isRefusal, type Refusal } from './object-step.js';
import { untilDone } from './until-done.js';

/** Whole and checked: it can be published. */
interface Verified {
  readonly kind: 'verified';
  readonly version: number;
  readonly whole: Pick<Assembled, 'attempt' | 'size' | 'sha256'>;
}

/** What is whole by its expiry has this long at least to be checked and published. */
const publishMsMax = 3_600_000;

/**
 * Takes one file from its claim to published, or given back. Its bytes come in elsewhere: here it
 * waits for the last, a withdrawal or its expiry, and then has them checked before anybody may read
 * them.
 */
export async function upload(asked: Envelope<UploadCommand>): Promise<PaymentResult> {
  const course = beginCourse(asked, workflowInfo().startTime.getTime());
  return untilEnded(course, async () => {
    const ended = await walk(course);
    return ended.kind === 'stuck' ? endedBefore(course, ended) : ended;
  });
}

/** Deletes a published file. */
export async function deleteFile(envelope: Envelope<FileDeletionCommand>) {
  return untilDone(envelope, () => ledger.deletePublishedFile(envelope));
}

async function walk(course: Course<UploadCommand>): Promise<PaymentResult | Stuck> {
  const { envelope } = course;
  const claimed = await ledger.claimUpload(envelope);
  if (claimed.kind !== 'claimed') return claimed;
  setCurrentDetails(`**Claimed**: ${described(course)}.`);

  const whole = await untilWhole(course, claimed);
  if (whole.kind === 'stuck') return whole;
  if (whole.kind !== 'whole') return endOf(await ledger.releaseUpload(envelope, whole));
  setCurrentDetails(`**Uploaded**: ${described(course)}.`);
  const endsAt = Math.max(claimed.expiresAt, now() + publishMsMax);
  const verified = await verdictOf(course, claimed, whole.version, endsAt);
  if (verified.kind === 'stuck') return verified;
  if (verified.kind !== 'verified') return endOf(await ledger.releaseUpload(envelope, verified));
  setCurrentDetails(`**Verified**: ${described(course)}.`);
  return published(course, verified, endsAt);
}

/**
 * What a lost task did, the ledger knows and this run does not: a step that does not fit may be one
 * after the end.
 */
async function endedBefore(
  { envelope }: Course<UploadCommand>,
  stuck: Stuck,
): Promise<PaymentResult | Stuck> {
  const stands = await ledger.claimUpload(envelope);
  return stands.kind === 'claimed' ? stuck : stands;
}

/** Waits for the last byte. Nobody needs to tell of it: at its end the ledger is asked anyway. */
async function untilWhole(
  { envelope, wishes }: Course,
  { stage, version, received, minor, expiresAt }: Claimed,
): Promise<{ readonly kind: 'whole'; readonly version: number } | ReleaseBecause | Stuck> {
  // Another run saw it whole.
  if (stage !== 'CLAIMED') return { kind: 'whole', version };
  let mayBeWhole = received === minor;
  for (;;) {
    if (wishes.withdrawn) return { kind: 'withdrawn' };
    const isOver = now() >= expiresAt;
    if (mayBeWhole || isOver) {
      const answer = await ledger.completeUpload(envelope.opId, version);
      if (answer.kind === 'advanced') return { kind: 'whole', version: answer.version };
      if (answer.kind === 'conflict') return { kind: 'stuck', reason: answer.reason };
      if (isOver) return expired;
    }
    await condition(() => wishes.withdrawn || wishes.verify, Math.max(1, expiresAt - now()));
    mayBeWhole = wishes.verify;
    wishes.verify = false;
  }
}

/** Makes one object of the parts and looks at it, in quarantine. */
async function verdictOf(
  course: Course,
  { stage, attempt, minor: size, sha256 = '' }: Claimed,
  version: number,
  endsAt: number,
): Promise<Verified | Refusal | Stuck> {
  const { opId } = course.envelope;
  if (stage === 'VERIFIED') return { kind: 'verified', version, whole: { attempt, size, sha256 } };
  const whole = await inStore(course, endsAt, (steps) => steps.assembleUpload(opId));
  if (isRefusal(whole)) return whole;
  const seen = await inStore(course, endsAt, (steps) => steps.inspectUpload(opId, whole));
  if (isRefusal(seen)) return seen;
  const { kind: _, ...bytes } = whole;
  const { mediaType } = seen;
  const verified = await ledger.verifyUpload(opId, version, { ...bytes, mediaType });
  if (verified.kind === 'conflict') return { kind: 'stuck', reason: verified.reason };
  return { kind: 'verified', version: verified.version, whole: bytes };
}

/** Puts it where it is read from, and settles. From then on it is too late to withdraw. */
async function published(
  course: Course<UploadCommand>,
  { version, whole }: Verified,
  endsAt: number,
): Promise<PaymentResult | Stuck> {
  const { envelope, wishes } = course;
  const { opId } = envelope;
  for (;;) {
    const lies = await inStore(course, endsAt, (steps) => steps.publishUpload(opId, whole));
    if (isRefusal(lies)) return endOf(await ledger.releaseUpload(envelope, lies));
    wishes.open = false;
    const settled = await ledger.settleUpload(opId, { ...lies, version });
    // The file whose object it would have shared was deleted this moment: it needs its own.
    if (settled.kind !== 'conflict' || settled.reason !== 'twin-gone') return endOf(settled);
  }
}
