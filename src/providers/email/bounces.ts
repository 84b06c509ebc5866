import { deliveryIdForm, type DeliveryReport, type ReportReader } from '../channel.js';
import { verifyStandardWebhook } from '../standard-webhooks.js';
import { isAboutAddress } from './status-codes.js';

export interface BounceReportsOptions {
  /** What the mail server's post of a bounce is signed with (Standard Webhooks). */
  readonly secrets: readonly Uint8Array[];
  readonly now?: () => number;
}

/**
 * Reads mails that say what became of a mail (RFC 3464), as the mail server that gets them posts
 * them, byte for byte.
 */
export function createBounceReports(options: BounceReportsOptions): ReportReader {
  const { secrets, now = Date.now } = options;
  return {
    read(rawBody, headers) {
      const verdict = verifyStandardWebhook(secrets, rawBody, headers, now());
      if (verdict.kind === 'refused') return verdict;
      return reportOf(Buffer.from(rawBody).toString('latin1')) ?? { kind: 'unreadable' };
    },
  };
}

const states: Readonly<Record<string, DeliveryReport['state']>> = {
  ...{ failed: 'refused', delayed: 'under-way' },
  ...{ delivered: 'delivered', relayed: 'delivered', expanded: 'delivered' },
};

function reportOf(mail: string): DeliveryReport | undefined {
  const parts = partsOf(mail);
  const status = parts.find(({ type }) => type === 'message/delivery-status')?.body ?? '';
  const original = parts.find(({ type }) => originals.includes(type))?.body ?? '';
  const state = states[fieldOf(status, 'Action').toLowerCase()];
  const deliveryId = fieldOf(divided(original).head, 'X-Delivery-Id');
  if (state === undefined || !deliveryIdForm.test(deliveryId)) return undefined;
  const code = /^[245]\.\d{1,3}\.\d{1,3}\b/.exec(fieldOf(status, 'Status'))?.[0];
  if (state !== 'refused' || code === undefined) return { kind: 'report', deliveryId, state };
  const refused = isAboutAddress(code) ? 'address-refused' : state;
  return { kind: 'report', deliveryId, state: refused, cause: `smtp-${code}` };
}

const originals: readonly string[] = [
  'message/rfc822',
  'message/rfc822-headers',
  'text/rfc822-headers',
];

interface Part {
  readonly type: string;
  readonly body: string;
}

/** The parts of a report; none of another mail. */
function partsOf(mail: string): readonly Part[] {
  const { head, body } = divided(mail);
  const type = fieldOf(head, 'Content-Type');
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(type);
  if (!/^multipart\/report\b/i.test(type) || boundary === null) return [];
  const [, quoted, bare = ''] = boundary;
  return body
    .split(`--${quoted ?? bare}`)
    .slice(1)
    .map((part) => {
      const inner = divided(part.replace(/^\n/, ''));
      const [name = ''] = fieldOf(inner.head, 'Content-Type').split(';');
      return { type: name.trim().toLowerCase(), body: inner.body };
    });
}

/** What is above the first empty line, and what is below; lines end with a line feed. */
function divided(mail: string): { readonly head: string; readonly body: string } {
  const text = mail.replaceAll('\r\n', '\n');
  const at = text.indexOf('\n\n');
  return at < 0 ? { head: text, body: '' } : { head: text.slice(0, at), body: text.slice(at + 2) };
}

/** A header's value, its folded lines as one; empty where there is none. */
function fieldOf(lines: string, name: string): string {
  const unfolded = lines.replace(/\n[ \t]+/g, ' ');
  return new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(unfolded)?.[1]?.trim() ?? '';
}
