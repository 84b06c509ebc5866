import { condition, proxyActivities, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import type { ChannelSteps, NoticeLedgerSteps, SendAnswer } from '../activities/notification.js';
import type { PaymentLedgerSteps } from '../activities/payment.js';
import {
  type Channel,
  type DeliveryBegun,
  type DeliverySkipped,
  type Envelope,
  type Fail,
  type NotificationCommand,
  outsideQueueOf,
  type Unknown,
} from '../domain/index.js';
import { now } from './clock.js';
import { count } from './counters.js';
import type { Stuck } from './course.js';
import { ledgerSteps } from './ledger-step.js';
import { again } from './messages.js';
import { wasReset } from './outside.js';
import { settled, takenWithinMs } from './provider-step.js';
import { listenForWishes, type Wishes } from './wishes.js';

/** The ledger's steps of a notice. */
export const notices = ledgerSteps<NoticeLedgerSteps & Pick<PaymentLedgerSteps, 'notePhase'>>();

/** What this run knows of a notice, so that a fault does not make it forget. */
export interface Rounds {
  readonly envelope: Envelope<NotificationCommand>;
  readonly wishes: Wishes;
  /** The number of the delivery that each channel is at. */
  readonly turns: Map<Channel, number>;
  readonly known: Map<Channel, Known>;
  /** The channels that a person wants asked again in doubt, each once. */
  readonly resent: Set<Channel>;
  /** True once a channel may have been asked. */
  asked: boolean;
  /** How often it stood in front of a person. */
  parked: number;
}

/** How a channel stands: `unknown` while it is in doubt. */
export type Known = Taken | Fail | Unknown | DeliverySkipped;

/** A channel took the delivery. */
interface Taken {
  readonly kind: 'sent';
  readonly deliveryId: string;
  readonly providerId?: string;
}

/** A notice at its beginning, with its ears open. */
export function beginRounds(envelope: Envelope<NotificationCommand>): Rounds {
  const rounds: Rounds = {
    ...{ envelope, wishes: listenForWishes(), asked: false, parked: 0 },
    ...{ turns: new Map(), known: new Map(), resent: new Set() },
  };
  setHandler(again, () => {
    for (const [channel, { kind }] of rounds.known) {
      if (kind === 'unknown') rounds.resent.add(channel);
      if (kind !== 'fail' && kind !== 'skipped') continue;
      rounds.turns.set(channel, turnOf(rounds, channel) + 1);
      rounds.known.delete(channel);
    }
    rounds.wishes.verify = true;
  });
  return rounds;
}

/**
 * Delivers on one channel, or says why not. The id of a delivery is written before it is sent, and
 * stays the same for as long as nobody knows whether it was taken. `unknown` is a doubt that the
 * command lets go of.
 */
export async function delivered(rounds: Rounds, channel: Channel): Promise<Known | Stuck> {
  const { envelope, known, wishes } = rounds;
  wishes.open = false;
  const begun = await notices.beginDelivery(envelope.opId, channel, turnOf(rounds, channel));
  if (begun.kind === 'conflict') return { kind: 'stuck', reason: begun.reason };
  if (begun.kind === 'skipped') {
    known.set(channel, begun);
    return begun;
  }
  rounds.asked = true;
  const endsAt = now() + shareMs(envelope);
  const first = known.get(channel) ?? (await firstAnswer(rounds, begun, endsAt));
  known.set(channel, first);
  if (first.kind === 'sent') return first;
  if (first.kind !== 'unknown') return refused(rounds, begun, first);
  const answer = await doubted(rounds, begun, first, endsAt);
  if (answer.kind === 'stuck') return answer;
  known.set(channel, answer);
  return answer.kind === 'fail' ? refused(rounds, begun, answer) : answer;
}

/** Each channel's part of the budget. */
const shareMs = ({ timeBudgetMs, command }: Envelope<NotificationCommand>) =>
  timeBudgetMs / command.payload.channels.length;

const turnOf = ({ turns }: Rounds, channel: Channel) => turns.get(channel) ?? 1;

async function refused<Not extends Known>(
  { envelope }: Rounds,
  { deliveryId }: DeliveryBegun,
  answer: Not,
): Promise<Not> {
  if (answer.kind === 'fail') await notices.recordDelivery(envelope.opId, deliveryId, answer);
  return answer;
}

/** Who meets a delivery of another run cannot know whether that one sent it. */
async function firstAnswer(
  rounds: Rounds,
  { deliveryId, state }: DeliveryBegun,
  endsAt: number,
): Promise<Known> {
  const message = 'refused before';
  if (state === 'failed') return { kind: 'fail', code: 'notice-refused', message };
  if (state !== undefined || wasReset()) {
    return { kind: 'unknown', reason: 'sent before', askAgainAfterMs: 0 };
  }
  return sentOnce(deliveryId, endsAt);
}

/** Sends until it is certain or in doubt what came of it, for this channel's part of the budget. */
async function sentOnce(deliveryId: string, endsAt: number): Promise<Taken | Fail | Unknown> {
  for (let waitMs = 1_000; ; waitMs *= 2) {
    const answer = await send(deliveryId);
    if (answer.kind === 'sent') return { ...answer, deliveryId };
    if (answer.kind !== 'retry') return answer;
    const restMs = Math.max(waitMs, answer.nextRetryAfterMs);
    if (now() + restMs > endsAt) {
      return { kind: 'fail', code: 'time-budget-exceeded', message: answer.reason };
    }
    await sleep(restMs);
  }
}

/** How long a receipt may take, and a channel that was out of reach. */
const ladderMs = [1_000, 5_000, 15_000, 30_000];
/** After the ladder, how often and how many times is sent again where that does no harm. */
const harmlessEveryMs = 30_000;
const harmlessSendsMax = 100;

/**
 * Ends a doubt: by what the channel tells or says when it is asked, and by the same delivery again
 * where its receiver shows it once. Elsewhere nothing is sent twice unless the command, or a
 * person, says so. That a send is refused says nothing of the one before it.
 */
async function doubted(
  rounds: Rounds,
  { channel, deliveryId }: DeliveryBegun,
  doubt: Unknown,
  endsAt: number,
): Promise<Taken | Fail | Unknown | Stuck> {
  const { envelope, wishes, parked } = rounds;
  const { onUnknown } = envelope.command.payload;
  const byHand = rounds.resent.delete(channel);
  await notices.recordDelivery(envelope.opId, deliveryId, doubt);
  const profile = await notices.channelProfile(channel);
  if (parked === 0) count('holdfast_doubts_opened', envelope);
  for (const waitMs of parked > 0 ? [0] : looks(envelope, profile, endsAt)) {
    if (waitMs > 0) await condition(() => wishes.verify, Math.max(waitMs, doubt.askAgainAfterMs));
    wishes.verify = false;
    const found = await settled(channelSteps().findDelivery(deliveryId));
    if (found.kind === 'sent' || found.kind === 'fail') return resolved(rounds, deliveryId, found);
    const answer = profile.collapses ? await send(deliveryId) : found;
    if (answer.kind === 'sent') return resolved(rounds, deliveryId, answer);
  }
  if (byHand || (parked === 0 && onUnknown === 'resend')) {
    const answer = await send(deliveryId);
    if (answer.kind === 'sent') return resolved(rounds, deliveryId, answer);
  }
  if (onUnknown === 'next-channel') return doubt;
  return { kind: 'stuck', reason: `nobody knows whether ${channel} delivered it: ${doubt.reason}` };
}

/** What is waited before each look: for as long as sending again does no harm and there is time. */
function* looks(
  envelope: Envelope<NotificationCommand>,
  { collapses, lookUp, visibilityDelayMs }: Profile,
  endsAt: number,
): Generator<number> {
  yield* ladderMs;
  if (lookUp) yield visibilityDelayMs;
  const everyMs = Math.max(harmlessEveryMs, shareMs(envelope) / harmlessSendsMax);
  while (collapses && now() + everyMs <= endsAt) yield everyMs;
}

function resolved({ envelope }: Rounds, deliveryId: string, answer: Sent | Fail): Taken | Fail {
  count('holdfast_doubts_resolved', envelope, { outcome: answer.kind });
  return answer.kind === 'sent' ? { ...answer, deliveryId } : answer;
}

type Profile = Awaited<ReturnType<typeof notices.channelProfile>>;
type Sent = Extract<SendAnswer, { kind: 'sent' }>;

const send = (deliveryId: string) => settled(channelSteps().sendNotice(deliveryId));

// Never repeated by Temporal, nor begun late: what no worker took in time was certainly not sent.
// A channel gives up 2 s before startToCloseTimeout does.
const channelSteps = () =>
  proxyActivities<ChannelSteps>({
    taskQueue: outsideQueueOf(workflowInfo().taskQueue, 'notices'),
    scheduleToStartTimeout: takenWithinMs,
    startToCloseTimeout: '12s',
    heartbeatTimeout: '3s',
    retry: { maximumAttempts: 1 },
  });
