import { hmacSha256Hex, sha256Hex } from './sha256.js';

/** A keyed digest per field: shows which fields differ, never what they hold. */
export type FieldDigests = Readonly<Record<string, string>>;

/**
 * Digests every field under `key`. Values are compared as parsed: `100` and `100.0` are equal, and
 * so are two objects whose keys stand in another order.
 */
export function digestsOf(fields: Readonly<Record<string, unknown>>, key: string): FieldDigests {
  const digests = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, hmacSha256Hex(key, canonical(value)).slice(0, 32)] as const);
  return Object.fromEntries(digests.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One fingerprint over all fields: equal when no field differs. */
export function fingerprintOf(digests: FieldDigests): string {
  return sha256Hex(canonical(digests));
}

/** The names of the fields that differ, sorted. */
export function differs(first: FieldDigests, second: FieldDigests): string[] {
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  return [...names].filter((name) => first[name] !== second[name]).sort();
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join()}}`;
}
