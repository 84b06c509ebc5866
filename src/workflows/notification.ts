import {
  CancellationScope,
  condition,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { Envelope, Fail, NoticeSent, NotificationCommand } from '../domain/index.js';
import { now } from './clock.js';
import { count } from './counters.js';
import type { Stuck } from './course.js';
import { beginRounds, delivered, type Known, notices, type Rounds } from './delivery.js';
import { faultReason, isStepFailure } from './ledger-step.js';
import { parkedUntilVerify } from './parking.js';

type Ended = NoticeSent | Fail;

/**
 * Tells one recipient one thing, by the first channel that takes it. It ends sent or given up; what
 * no channel takes, and what nobody can know, is left to a person.
 */
export async function notification(envelope: Envelope<NotificationCommand>): Promise<Ended> {
  return untilEnded(beginRounds(envelope));
}

async function untilEnded(rounds: Rounds): Promise<Ended> {
  return CancellationScope.nonCancellable(async () => {
    for (;;) {
      const ended = await walk(rounds).catch(stuckOnFault);
      if (ended.kind !== 'stuck') return shown(rounds.envelope, ended);
      await park(rounds, ended.reason);
    }
  });
}

async function walk(rounds: Rounds): Promise<Ended | Stuck> {
  const { envelope, wishes } = rounds;
  const { opId, command } = envelope;
  const accepted = await notices.acceptNotice(envelope);
  if (accepted.kind !== 'accepted') return accepted;
  // Another run may have sent it.
  rounds.asked ||= accepted.replayed === true;
  await untilQuietEnds(rounds, accepted.beginAt);
  const taken = takenBefore(rounds);
  if (taken !== undefined) return endOf(await notices.finishNotice(opId, taken));
  const refused: string[] = [];
  for (const channel of command.payload.channels) {
    if (wishes.withdrawn) return givenUp(rounds);
    const answer = await delivered(rounds, channel);
    if (answer.kind === 'stuck') return answer;
    if (answer.kind === 'sent') return endOf(await notices.finishNotice(opId, answer));
    refused.push(`${channel} ${whyNot(answer)}`);
  }
  if (wishes.withdrawn) return givenUp(rounds);
  return { kind: 'stuck', reason: `no channel took it: ${refused.join(', ')}` };
}

/** What a channel took is not sent by another one, whatever kept the end from being written. */
function takenBefore({ known }: Rounds) {
  return [...known.values()].find((answer) => answer.kind === 'sent');
}

/** Not urgent: it can wait until morning, and be withdrawn until then. */
async function untilQuietEnds({ envelope, wishes }: Rounds, beginAt = 0): Promise<void> {
  if (beginAt > now() && !wishes.withdrawn) {
    const why = 'the quiet hours of the recipient';
    await notices.notePhase(envelope.opId, 'phase.quiet', 'deferred', why, undefined, beginAt);
    setCurrentDetails('**Deferred**: the quiet hours of the recipient.');
    await condition(() => wishes.withdrawn, Math.max(1, beginAt - now()));
  }
}

function whyNot(answer: Exclude<Known, { kind: 'sent' }>): string {
  if (answer.kind === 'fail') return answer.code;
  return answer.kind === 'skipped' ? answer.reason : 'is in doubt';
}

async function givenUp({ envelope, asked }: Rounds): Promise<Ended | Stuck> {
  const refusal: Fail = asked
    ? { kind: 'fail', code: 'undeliverable', message: 'no channel took it, and it was given up' }
    : { kind: 'fail', code: 'withdrawn', message: 'it was withdrawn' };
  return endOf(await notices.finishNotice(envelope.opId, refusal));
}

function endOf(result: Awaited<ReturnType<typeof notices.finishNotice>>): Ended | Stuck {
  if (result.kind !== 'conflict') return result;
  return { kind: 'stuck', reason: `the ledger refused the end: ${result.reason}` };
}

/** Stands in front of a person, unless Cancel was pressed before: that is an answer, once. */
async function park(rounds: Rounds, reason: string): Promise<void> {
  const { envelope, wishes } = rounds;
  wishes.open = true;
  wishes.verify = false;
  // Asked for while it was under way: this was the answer.
  rounds.resent.clear();
  if (wishes.cancelled) {
    wishes.withdrawn = true;
    wishes.cancelled = false;
    return;
  }
  rounds.parked += 1;
  const change = `phase.${workflowInfo().runId}.${rounds.parked}`;
  await notices.notePhase(envelope.opId, change, 'parked', reason).catch(stuckOnFault);
  count('holdfast_operations_parked', envelope);
  await parkedUntilVerify(reason, wishes, wishes.heard);
}

function stuckOnFault(error: unknown): Stuck {
  if (!isStepFailure(error)) throw error;
  return { kind: 'stuck', reason: faultReason(error) };
}

function shown(envelope: Envelope, ended: Ended): Ended {
  if (ended.kind === 'sent') {
    count('holdfast_operations_settled', envelope);
    setCurrentDetails(`**Sent** by ${ended.channel}.`);
  } else {
    count('holdfast_operations_refused', envelope, { code: ended.code });
    setCurrentDetails(`**Refused (${ended.code})**: ${ended.message}.`);
  }
  return ended;
}
