import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** One key of the ring: an id to name it and 32 bytes. */
export interface SealingKey {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Keeps free text and personal data unreadable outside: AES-256-GCM under a ring of keys. */
export interface KeyRing {
  /** Seals `value` for this operation alone: base64 of id length, id, nonce, tag and ciphertext. */
  seal(value: unknown, opId: string): string;
  /** Opens what any key of the ring sealed for this operation; throws when it was changed. */
  open(sealed: string, opId: string): unknown;
  /** The key of digests over sealed fields: from the oldest key, so that it never changes. */
  readonly digestKey: string;
}

const nonceBytes = 12;
const tagBytes = 16;

/** A ring: the first key seals, every key opens, the last one digests and must stay. */
export function createKeyRing(keys: readonly SealingKey[]): KeyRing {
  const first = keys[0];
  const last = keys.at(-1);
  if (first === undefined || last === undefined) throw new RangeError('a ring has a key');
  return {
    digestKey: createHash('sha256').update('digest:').update(last.bytes).digest('hex'),
    seal: (value, opId) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', first.bytes, nonce).setAAD(Buffer.from(opId));
      const body = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
      const id = Buffer.from(first.id);
      return Buffer.concat([
        Buffer.from([id.length]),
        id,
        nonce,
        cipher.getAuthTag(),
        body,
      ]).toString('base64');
    },
    open: (sealed, opId) => {
      const bytes = Buffer.from(sealed, 'base64');
      const nonceAt = 1 + (bytes[0] ?? 0);
      const id = bytes.subarray(1, nonceAt).toString();
      const key = keys.find((candidate) => candidate.id === id);
      if (key === undefined) throw new RangeError(`no key ${id} in the ring`);
      const tagAt = nonceAt + nonceBytes;
      const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(nonceAt, tagAt));
      decipher.setAAD(Buffer.from(opId)).setAuthTag(bytes.subarray(tagAt, tagAt + tagBytes));
      const body = decipher.update(bytes.subarray(tagAt + tagBytes));
      return JSON.parse(Buffer.concat([body, decipher.final()]).toString('utf8')) as unknown;
    },
  };
}
