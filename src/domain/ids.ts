import { sha256, utf8 } from './sha256.js';

declare const brand: unique symbol;
type Branded<Name> = string & { readonly [brand]: Name };

/** An operation's id, for ever: `op_` and 32 letters a-z or digits 2-7. Also its workflow id. */
export type OpId = Branded<'OpId'>;

/** An account's public id, unique in its tenant. */
export type AccountId = Branded<'AccountId'>;

/** What makes two requests the same operation. */
export interface OperationKey {
  readonly tenant: string;
  /** The stable subject who asks, not a token. */
  readonly principal: string;
  readonly domain: string;
  readonly eventType: string;
  readonly idemKey: string;
}

/** The operation that this key names: equal keys give the equal id, at any time, on any machine. */
export function opIdOf(key: OperationKey): OpId {
  // JSON keeps the parts apart: ["ab","c"] and ["a","bc"] differ.
  const parts = [key.tenant, key.principal, key.domain, key.eventType, key.idemKey];
  const digest = sha256(utf8(JSON.stringify(parts)));
  return `op_${base32(digest.subarray(0, 20))}` as OpId;
}

/** True for a text that may be an operation's id. */
export function isOpId(text: unknown): text is OpId {
  return typeof text === 'string' && /^[A-Za-z0-9_-]{4,64}$/.test(text);
}

/**
 * True for a text that may be an account's id: 1-64 of `A-Z a-z 0-9 . _ : -`, first a letter or
 * digit.
 */
export function isAccountId(text: unknown): text is AccountId {
  return typeof text === 'string' && /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(text);
}

/** The typed id; throws RangeError for a text that cannot be one: check input with isAccountId. */
export function accountIdOf(text: string): AccountId {
  if (!isAccountId(text)) throw new RangeError('not an account id');
  return text;
}

/** What an idempotency key may be: 8-255 of `A-Z a-z 0-9 . _ : -`, byte-exact. */
export const idemKeyPattern = /^[A-Za-z0-9._:-]{8,255}$/;

/** True for a text that may be an idempotency key. */
export function isIdemKey(text: unknown): text is string {
  return typeof text === 'string' && idemKeyPattern.test(text);
}

/**
 * The provider's key and reference of one attempt: `opId:step.ordinal:n`. It stays the same while
 * the attempt is in doubt; n grows only after a definitive, retryable rejection.
 */
export function referenceOf(opId: OpId, step: string, attempt: number): string {
  return `${opId}:${step}:${attempt}`;
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

// RFC 4648 base32 in lower case; 20 bytes are exactly 32 letters, so there is no padding.
function base32(bytes: Uint8Array): string {
  let bits = 0;
  let value = 0;
  let text = '';
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet.charAt((value >> bits) & 31);
    }
    value &= 0xff;
  }
  return text;
}
