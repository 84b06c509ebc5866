import { type Command, commands } from './command.js';
import { type Parsed, readObject } from './faults.js';
import type { OpId } from './ids.js';
import { type Channel, channels } from './notice.js';

/**
 * What to do where a channel cannot say whether it delivered, and would deliver twice: leave it to
 * a person, go on with the next channel, or send it again under the same delivery id.
 */
export const doubtPolicies = ['person', 'next-channel', 'resend'] as const;
export type DoubtPolicy = (typeof doubtPolicies)[number];

/** What a notice asks for, as it travels: whom it is for and its data are sealed. */
export interface NotificationPayload {
  readonly template: string;
  /** In the order in which they are tried; the first that delivers ends it. */
  readonly channels: readonly Channel[];
  readonly locale?: string;
  /** Set when it does not wait for the end of quiet hours. */
  readonly urgent?: true;
  readonly onUnknown: DoubtPolicy;
}

export type NotificationCommand = Command<NotificationPayload> & {
  readonly domain: typeof commands.notification.domain;
  readonly eventType: typeof commands.notification.eventType;
};

/** What of a notice travels sealed. */
export interface NoticeSecrets {
  /** The id of the one recipient. */
  readonly recipient: string;
  readonly data: Readonly<Record<string, string>>;
}

/** A notice may be sent: from `beginAt` on, epoch milliseconds, or at once. */
export interface NoticeAccepted {
  readonly kind: 'accepted';
  readonly opId: OpId;
  readonly beginAt?: number;
  readonly replayed?: true;
}

/** A delivery has its id, and may be asked for under it. */
export interface DeliveryBegun {
  readonly kind: 'begun';
  readonly channel: Channel;
  readonly deliveryId: string;
  /** What a run before this one left of it, where there was one: it may have sent it. */
  readonly state?: 'begun' | 'unknown' | 'failed' | 'sent';
}

/** The recipient has no address on this channel, or one that refused everything. */
export interface DeliverySkipped {
  readonly kind: 'skipped';
  readonly reason: 'no-address' | 'address-refused';
}

/** One of the channels took the notice. */
export interface NoticeSent {
  readonly kind: 'sent';
  readonly opId: OpId;
  readonly channel: Channel;
  readonly deliveryId: string;
  readonly providerId?: string;
}

/** Who asks for the notices that events make: nobody of the tenant does. */
export const noticePrincipal = 'holdfast:notices';

/** What may be the id of a recipient: no address, for it stands in paths. */
export const recipientIdForm = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
const dataLengthMax = 1_000;
/** A language, as in `de-AT` (BCP 47, what of it is common). */
export const localeForm = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/;
const templateForm = /^[a-z][a-z0-9-]{0,63}$/;
const fields = ['recipient', 'channels', 'template', 'data', 'locale', 'urgent', 'onUnknown'];

/** Reads the body of a notice: for one recipient, on channels of which none comes twice. */
export function parseNotification(
  body: unknown,
  idemKey: string,
): Parsed<{ readonly command: NotificationCommand; readonly sealed: NoticeSecrets }> {
  return readObject(body, [...fields, 'bizKey'], (read) => {
    const locale = read.optional('locale', (path) => read.label(path, 35, localeForm));
    const bizKey = read.optional('bizKey', (path) => read.label(path, 255));
    const urgent = read.optional('urgent', read.truth) === true;
    const onUnknown = read.optional('onUnknown', (path) => read.oneOf(path, doubtPolicies));
    return {
      command: notificationOf(idemKey, {
        template: read.label('template', 64, templateForm),
        channels: read.set('channels', channels),
        ...(locale !== undefined && { locale }),
        ...(urgent && { urgent }),
        ...(onUnknown !== undefined && { onUnknown }),
        ...(bizKey !== undefined && { bizKey }),
      }),
      sealed: {
        recipient: read.label('recipient', 64, recipientIdForm),
        data: read.texts('data', dataLengthMax),
      },
    };
  });
}

/** The command of a notice. A person decides what is not certain, unless it says otherwise. */
export function notificationOf(
  idemKey: string,
  {
    bizKey,
    ...asked
  }: Omit<NotificationPayload, 'onUnknown'> & {
    readonly onUnknown?: DoubtPolicy;
    readonly bizKey?: string;
  },
): NotificationCommand {
  const { domain, eventType } = commands.notification;
  const payload = { onUnknown: 'person' as const, ...asked };
  return { domain, eventType, idemKey, payload, ...(bizKey !== undefined && { bizKey }) };
}
