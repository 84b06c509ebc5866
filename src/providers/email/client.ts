import MailComposer from 'nodemailer/lib/mail-composer';
import { type Fail, type Retry, type Unknown, unreachable } from '../../domain/index.js';
import type { ChannelProfile, ChannelProvider, Delivery, Sent } from '../channel.js';
import { addressRefused, inDoubt, noticeRefused, notSent } from '../channel-answers.js';
import { isAboutAddress } from './status-codes.js';
import { type MailAnswer, type MailServer, sendMail } from './smtp.js';

export interface EmailChannelOptions {
  readonly server: MailServer;
  /** Who it is from: an address alone. */
  readonly from: string;
  readonly timeoutMs: number;
}

/** What servers that put off strangers (greylisting) mostly ask for. */
const retryMs = 60_000;

/** The channel `email`: SMTP (RFC 5321) cannot be asked, and shows a mail as often as it comes. */
export function createEmailChannel({
  server,
  from,
  timeoutMs,
}: EmailChannelOptions): ChannelProvider {
  const profile: ChannelProfile = {
    ...{ channel: 'email', timeoutMs },
    ...{ lookUp: false, visibilityDelayMs: 0, collapses: false },
  };
  return {
    profile,
    async send(delivery) {
      const bytes = await mailOf(delivery, from);
      return outcomeOf(await sendMail(server, { from, to: delivery.to, bytes }, timeoutMs));
    },
  };
}

function mailOf({ deliveryId, to, subject, text, html }: Delivery, from: string): Promise<Buffer> {
  const [, host = ''] = from.split('@');
  return new MailComposer({
    ...{ from, to, text },
    ...(subject !== undefined && { subject }),
    ...(html !== undefined && { html }),
    // The same for a repetition, by which who gets it twice can tell.
    messageId: `<${deliveryId.replaceAll(':', '.')}@${host}>`,
    // RFC 3834: no answering machine answers it.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Delivery-Id': deliveryId },
    // A text is a text, and never the name of something to attach.
    ...{ disableFileAccess: true, disableUrlAccess: true },
  })
    .compile()
    .build();
}

function outcomeOf(answer: MailAnswer): Sent | Retry | Fail | Unknown {
  switch (answer.kind) {
    case 'accepted':
      return { kind: 'sent' };
    case 'never-sent':
      return notSent(answer.reason);
    case 'lost':
      return inDoubt(answer.reason);
    case 'refused':
      return refusal(answer);
    default:
      return unreachable(answer);
  }
}

function refusal({ code, enhanced, command }: MailAnswer & { readonly kind: 'refused' }) {
  const cause = ['smtp', code, ...(enhanced === undefined ? [] : [enhanced])].join('-');
  if (code < 500) return notSent(cause, retryMs);
  // Without a code of RFC 3463 that says what it is about: RFC 5321, 4.2.3.
  const isOfAddress =
    enhanced === undefined
      ? command === 'RCPT TO' && [550, 551, 553].includes(code)
      : isAboutAddress(enhanced);
  return isOfAddress ? addressRefused(cause) : noticeRefused(cause);
}
