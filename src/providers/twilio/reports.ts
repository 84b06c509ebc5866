import { createHmac } from 'node:crypto';
import { deliveryIdForm, type DeliveryReport, type ReportReader } from '../channel.js';
import { isSignedBy } from '../signed-webhook.js';
import { codeOf, isAboutAddress } from './errors.js';

export interface TwilioReportsOptions {
  readonly authToken: string;
  /** The URL that Twilio was given, without what we add to it: it is signed as Twilio sees it. */
  readonly callbackUrl: string;
}

const states: Readonly<Record<string, DeliveryReport['state']>> = {
  ...{ accepted: 'under-way', queued: 'under-way', sending: 'under-way', sent: 'under-way' },
  ...{ delivered: 'delivered', read: 'delivered' },
  ...{ undelivered: 'refused', failed: 'refused', canceled: 'refused' },
};

/**
 * Reads status callbacks. Their signature has no time in it: one that is repeated says again what
 * is known. Source: twilio.com/docs/usage/security.
 */
export function createTwilioReports({
  authToken,
  callbackUrl,
}: TwilioReportsOptions): ReportReader {
  const secret = Buffer.from(authToken);
  return {
    read(rawBody, headers, search) {
      const signature = headers['x-twilio-signature'];
      if (typeof signature !== 'string' || signature === '') {
        return { kind: 'refused', code: 'signature-required' };
      }
      const fields = new URLSearchParams(Buffer.from(rawBody).toString('utf8'));
      const signed = `${callbackUrl}${search}${sortedText(fields)}`;
      const isGenuine = isSignedBy([secret], [signature], (key) =>
        createHmac('sha1', key).update(signed).digest('base64'),
      );
      if (!isGenuine) return { kind: 'refused', code: 'signature-invalid' };
      return reportOf(fields, new URLSearchParams(search)) ?? { kind: 'unreadable' };
    },
  };
}

/** Names and values, one after the other, in the order of the names. */
function sortedText(fields: URLSearchParams): string {
  return [...fields]
    .sort(([one], [other]) => (one < other ? -1 : Number(one > other)))
    .flat()
    .join('');
}

function reportOf(fields: URLSearchParams, query: URLSearchParams): DeliveryReport | undefined {
  const deliveryId = query.get('delivery') ?? '';
  const state = states[fields.get('MessageStatus') ?? ''];
  if (!deliveryIdForm.test(deliveryId) || state === undefined) return undefined;
  const code = codeOf(fields.get('ErrorCode'));
  const sid = /^(SM|MM)[0-9a-f]{32}$/.exec(fields.get('MessageSid') ?? '')?.[0];
  return {
    ...{ kind: 'report', deliveryId },
    state: state === 'refused' && isAboutAddress(code) ? 'address-refused' : state,
    ...(sid !== undefined && { providerId: sid }),
    ...(state === 'refused' && code !== undefined && { cause: `twilio-${code}` }),
  };
}
