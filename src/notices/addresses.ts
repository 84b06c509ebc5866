import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { Fault, FaultCode, Parsed } from '../domain/index.js';

// What reads a host or a URL leaves these out, so that it would take what is none.
const unseen = /[\p{Cc}\p{Z}]/u;

const emailLengthMax = 254;
const localPart = /^[A-Za-z0-9!#$%&*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&*+/=?^_`{|}~-]+)*$/;
const localLengthMax = 64;
const domainName = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

/**
 * One e-mail address, its domain in lower case and ASCII (IDNA), or `email-invalid`. What only old
 * mail has is refused, too: quotes, comments, addresses of hosts. So are names that are not ASCII
 * before the `@`, which not every server takes (RFC 6531).
 */
export function parseEmailAddress(input: unknown, path = 'email'): Parsed<string> {
  if (typeof input !== 'string') return notText(input, path);
  const at = input.lastIndexOf('@');
  const local = input.slice(0, Math.max(at, 0));
  const domain = unseen.test(input) ? '' : domainToASCII(input.slice(at + 1));
  const address = `${local}@${domain}`;
  const fits =
    local.length <= localLengthMax &&
    localPart.test(local) &&
    domainName.test(domain) &&
    address.length <= emailLengthMax;
  return fits ? { ok: true, value: address } : refused(path, 'email-invalid');
}

const costly: readonly unknown[] = ['PREMIUM_RATE', 'SHARED_COST'];

/**
 * A phone number as E.164 writes it, `+` and digits alone: `phone-invalid` for what no country has
 * in its plan, `phone-premium` for a number that costs whoever calls or writes to it.
 */
export function parsePhoneNumber(input: unknown, path = 'sms'): Parsed<string> {
  if (typeof input !== 'string') return notText(input, path);
  const number = /^\+[1-9]\d{6,14}$/.test(input) ? parsePhoneNumberFromString(input) : undefined;
  if (!number?.isValid()) return refused(path, 'phone-invalid');
  if (costly.includes(number.getType())) return refused(path, 'phone-premium');
  return { ok: true, value: number.number };
}

/** A registration token of FCM, whose form Google does not promise: `device-token-invalid`. */
export function parseDeviceToken(input: unknown, path = 'push'): Parsed<string> {
  if (typeof input !== 'string') return notText(input, path);
  const fits = /^[A-Za-z0-9:_-]{32,4096}$/.test(input);
  return fits ? { ok: true, value: input } : refused(path, 'device-token-invalid');
}

const urlLengthMax = 2_048;

/**
 * A URL that webhooks may be posted to, https and a name, or `webhook-url-invalid`. What the name
 * leads to is looked at when the connection is made. With `loopback`, http to this machine too.
 */
export function parseWebhookUrl(
  input: unknown,
  path = 'webhook',
  { loopback = false }: { readonly loopback?: boolean } = {},
): Parsed<string> {
  if (typeof input !== 'string') return notText(input, path);
  const isWritten = input.length <= urlLengthMax && !unseen.test(input) && URL.canParse(input);
  const url = isWritten ? new URL(input) : undefined;
  if (!url || url.username || url.password) return refused(path, 'webhook-url-invalid');
  const { protocol, hostname } = url;
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  const isNamed = !isIP(hostname.replace(/^\[|\]$/g, '')) && hostname.includes('.');
  const fits = protocol === 'https:' ? isNamed : protocol === 'http:' && isHere && loopback;
  return fits ? { ok: true, value: url.href } : refused(path, 'webhook-url-invalid');
}

function notText(input: unknown, path: string): { ok: false; faults: readonly Fault[] } {
  return refused(path, input === undefined ? 'field-required' : 'text-invalid');
}

function refused(path: string, code: FaultCode): { ok: false; faults: readonly Fault[] } {
  return { ok: false, faults: [{ path, code }] };
}
