import type { IncomingHttpHeaders } from 'node:http';
import { IdempotencyKeyReused } from '../client/index.js';
import { isIdemKey } from '../domain/index.js';
import { problem } from './problems.js';

/** The key of a POST that moves something; throws the problem when it is missing or malformed. */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string {
  const key = optionalIdempotencyKeyOf(headers);
  if (key === undefined) throw problem('idempotency-key-required');
  return key;
}

/** The key where a request may go without one. */
export function optionalIdempotencyKeyOf(headers: IncomingHttpHeaders): string | undefined {
  // Node joins several of them with a comma, which no key has.
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (!isIdemKey(key)) throw problem('idempotency-key-invalid');
  return key;
}

/** The value; throws the problem of a key that names something else. */
export async function unlessReused<Value>(value: Promise<Value>): Promise<Value> {
  try {
    return await value;
  } catch (error) {
    if (!(error instanceof IdempotencyKeyReused)) throw error;
    throw problem('idempotency-key-reused', { differs: error.differs });
  }
}

const waitSecondsMax = 30;

/** How long `Prefer: wait=n` (RFC 7240) asks us to wait, in ms, 30 s at most; else 0. */
export function waitMsOf(headers: IncomingHttpHeaders): number {
  for (const preference of [headers.prefer ?? []].flat().join().split(',')) {
    const [, seconds] = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(;|$)/i.exec(preference) ?? [];
    if (seconds !== undefined) return Math.min(Number(seconds), waitSecondsMax) * 1_000;
  }
  return 0;
}

/** The version that `If-Match` names, as GET gave it in its ETag; throws the problem otherwise. */
export function versionOf(headers: IncomingHttpHeaders): number {
  const given = headers['if-match'];
  if (given === undefined) throw problem('if-match-required');
  // Any version is not a version that was seen, and a weak tag never matches (RFC 9110, 13.1.1).
  if (given === '*' || /^W\/"\d{1,15}"$/.test(given)) throw problem('stale-version');
  const [, version] = /^"(\d{1,15})"$/.exec(given) ?? [];
  if (version === undefined) throw problem('if-match-invalid');
  return Number(version);
}
