import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a link lets somebody do, who needs nothing but the link. */
export interface Link {
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  readonly tenant: string;
}

/** What a link carries beside its path. */
export interface LinkProof {
  /** Epoch seconds. */
  readonly expires: string;
  readonly signature: string;
}

const minuteMs = 60_000;
const ttlMsDefault = 5 * minuteMs;
const ttlMsMax = 60 * minuteMs;

/** Signs with the first secret. @throws RangeError for a time to live beyond an hour. */
export function signLink(
  link: Link,
  secrets: readonly Uint8Array[],
  nowMs: number,
  ttlMs = ttlMsDefault,
): LinkProof {
  const [secret] = secrets;
  if (secret === undefined) throw new RangeError('no secret to sign links with');
  if (!(ttlMs > 0 && ttlMs <= ttlMsMax)) throw new RangeError('a link lives an hour at most');
  const expires = String(Math.ceil((nowMs + ttlMs) / 1_000));
  return { expires, signature: signatureOf(link, expires, secret).toString('base64url') };
}

/** Whether one of the secrets signed this very link, and it has not expired. */
export function verifyLink(
  link: Link,
  { expires, signature }: LinkProof,
  secrets: readonly Uint8Array[],
  nowMs: number,
): boolean {
  const given = Buffer.from(signature, 'base64url');
  // All of them, so that the time it takes says nothing of which one it was.
  const matches = secrets.map((secret) => {
    const right = signatureOf(link, expires, secret);
    return given.length === right.length && timingSafeEqual(given, right);
  });
  const expiresMs = /^\d{1,12}$/.test(expires) ? Number(expires) * 1_000 : 0;
  // Also not one that somebody with another idea of an hour signed.
  const isAlive = nowMs < expiresMs && expiresMs <= nowMs + ttlMsMax + 1_000;
  return matches.includes(true) && isAlive;
}

/** As JSON no field can run over into the next; the first says what else the secret may sign. */
function signatureOf({ method, path, tenant }: Link, expires: string, secret: Uint8Array): Buffer {
  const signed = JSON.stringify(['download-link.v1', method, path, tenant, expires]);
  return createHmac('sha256', secret).update(signed).digest();
}
