import { timingSafeEqual } from 'node:crypto';

const toleranceSeconds = 300;
const signaturesMax = 16;

/**
 * The time that a message says of itself, in epoch seconds; undefined when it is none, or further
 * from now than 300 s, either way.
 */
export function timeOf(text: string, nowMs: number): number | undefined {
  const seconds = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  const isInTime = Math.abs(Math.floor(nowMs / 1_000) - seconds) <= toleranceSeconds;
  return isInTime ? seconds : undefined;
}

/** True when one of the given signatures is what one of the secrets makes. */
export function isSignedBy(
  secrets: readonly Uint8Array[],
  given: readonly string[],
  signatureBy: (secret: Uint8Array) => string,
): boolean {
  const signatures = given.slice(0, signaturesMax).map((text) => Buffer.from(text));
  let isSigned = false;
  // All of them, also after one fits: how long it takes says nothing of which one did.
  for (const secret of secrets) {
    const wanted = Buffer.from(signatureBy(secret));
    for (const signature of signatures) {
      const fits = signature.length === wanted.length && timingSafeEqual(signature, wanted);
      isSigned = fits || isSigned;
    }
  }
  return isSigned;
}
