import { Context } from '@temporalio/activity';
import {
  type Channel,
  type Conflict,
  type Envelope,
  type Fail,
  type NoticeAccepted,
  type NoticeSecrets,
  type NoticeSent,
  type NotFound,
  type NotificationCommand,
  type OpId,
  type Retry,
  sealedFor,
  type Unknown,
} from '../domain/index.js';
import type { Ledger, Letter, ReadLetter } from '../ledger/index.js';
import { isTemplateName, renderTemplate } from '../notices/index.js';
import type { ChannelProfile, ChannelProvider, Delivery, Sent } from '../providers/channel.js';
import { type DatabaseFault, faultsOf } from './faults.js';
import { alive } from './alive.js';

export type SendAnswer = Sent | Retry | Fail | Unknown;
export type DeliveryAnswer = Sent | Fail | NotFound | Unknown;

/** The ledger's side of a notice: each step one statement, each repeatable. */
export interface NoticeLedgerSteps {
  acceptNotice(
    envelope: Envelope<NotificationCommand>,
  ): Promise<NoticeAccepted | NoticeSent | Fail>;
  beginDelivery(opId: OpId, channel: Channel, n: number): ReturnType<Ledger['beginDelivery']>;
  recordDelivery: Ledger['recordDelivery'];
  finishNotice(
    opId: OpId,
    end: Parameters<Ledger['finishNotice']>[1],
  ): Promise<NoticeSent | Fail | Conflict>;
  channelProfile(channel: Channel): Promise<ChannelProfile>;
}

/**
 * The channels' side. A delivery is told by its id alone: whom it goes to and what it says is read
 * from its rows, opened here, and leaves to the channel only.
 */
export interface ChannelSteps {
  sendNotice(deliveryId: string): Promise<SendAnswer>;
  /** What came of it, by what its provider told us or tells when asked. */
  findDelivery(deliveryId: string): Promise<DeliveryAnswer>;
}

/** What makes a delivery of a letter. */
export interface NoticeDeps {
  readonly channels: Readonly<Record<Channel, ChannelProvider>>;
  readonly letters: ReadLetter;
  /** Opens what was sealed for this; throws when it was changed. */
  readonly open: (sealed: string, label: string) => unknown;
  /** How many notices one recipient is given in an hour. */
  readonly limitPerHour: number;
}

/** The ledger steps of notices. */
export function noticeActivities(
  deps: Pick<NoticeDeps, 'open' | 'limitPerHour' | 'channels'> & {
    readonly ledger: Ledger;
    readonly classify: (error: unknown) => DatabaseFault;
  },
): NoticeLedgerSteps {
  const { ledger, open, limitPerHour, channels } = deps;
  return faultsOf(deps.classify, {
    acceptNotice: (envelope: Envelope<NotificationCommand>) => {
      const { recipient } = open(envelope.sealed ?? '', envelope.opId) as NoticeSecrets;
      return ledger.acceptNotice(envelope, recipient, limitPerHour);
    },
    beginDelivery: (opId: OpId, channel: Channel, n: number) =>
      ledger.beginDelivery(opId, channel, n, Context.current().info.workflowExecution?.runId ?? ''),
    recordDelivery: ledger.recordDelivery,
    finishNotice: ledger.finishNotice,
    channelProfile: (channel: Channel) => Promise.resolve(channels[channel].profile),
  });
}

/** The steps on the channels. Never repeated by Temporal: the workflow alone knows what is open. */
export function channelActivities(
  deps: NoticeDeps & { readonly classify: (error: unknown) => DatabaseFault },
): ChannelSteps {
  const { channels, letters, open } = deps;
  const addressOf = ({ sealedAddress, tenant, recipient, channel }: Letter) =>
    String(open(sealedAddress, sealedFor(tenant, recipient, channel)));
  const written = async (deliveryId: string): Promise<Written | Fail> => {
    const letter = await letters(deliveryId);
    if (letter === undefined) return unsendable('it was not begun');
    const { template, locale, sealed, opId, trace } = letter;
    if (!isTemplateName(template)) return unsendable(`there is no template ${template}`);
    const { data } = open(sealed, opId) as NoticeSecrets;
    const words = renderTemplate(template, locale, data);
    const delivery = { deliveryId, to: addressOf(letter), ...words, trace };
    return { kind: 'written', channel: channels[letter.channel], delivery };
  };
  return faultsOf(deps.classify, {
    sendNotice: async (deliveryId: string): Promise<SendAnswer> => {
      const ready = await written(deliveryId).catch((error: unknown): Retry => {
        // Nothing has left: what it failed on must not look like a doubt.
        const reason = `not written: ${deps.classify(error)}`;
        return { kind: 'retry', reason, attempt: 1, nextRetryAfterMs: 0 };
      });
      return ready.kind === 'written' ? alive(ready.channel.send(ready.delivery)) : ready;
    },
    findDelivery: async (deliveryId: string): Promise<DeliveryAnswer> => {
      const letter = await letters(deliveryId);
      if (letter === undefined) return unsendable('it was not begun');
      const told = toldOf(letter);
      const { find } = channels[letter.channel];
      if (told !== undefined || find === undefined) {
        return told ?? { kind: 'not-found', reference: deliveryId };
      }
      return alive(find(deliveryId, addressOf(letter), letter.begunAt));
    },
  });
}

interface Written {
  readonly kind: 'written';
  readonly channel: ChannelProvider;
  readonly delivery: Delivery;
}

/** Certainly not sent, nor ever: the next channel would not do better. */
function unsendable(message: string): Fail {
  return { kind: 'fail', code: 'notice-refused', message };
}

/** What its provider told by itself: whoever tells of a delivery has taken it. */
function toldOf({ report }: Letter): Sent | Fail | undefined {
  if (report === null) return undefined;
  if (!report.endsWith('refused')) return { kind: 'sent' };
  const code = report === 'address-refused' ? 'address-refused' : 'notice-refused';
  return { kind: 'fail', code, message: 'its provider told of the refusal' };
}
