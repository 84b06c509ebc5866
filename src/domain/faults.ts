import { type Currency, isCurrency } from './currency.js';
import { type AccountId, isAccountId } from './ids.js';
import { momentMsOf } from './moment.js';
import { amountMax } from './money.js';

/** What can be wrong with one field of a request. Stable: they are part of HTTP. */
export type FaultCode =
  | 'account-invalid'
  | 'amount-invalid'
  | 'amount-not-positive'
  | 'amount-too-large'
  | 'body-invalid'
  | 'currency-invalid'
  | 'device-token-invalid'
  | 'email-invalid'
  | 'field-invalid'
  | 'field-required'
  | 'moment-invalid'
  | 'not-supported'
  | 'phone-invalid'
  | 'phone-premium'
  | 'text-invalid'
  | 'text-too-long'
  | 'unknown-field'
  | 'webhook-url-invalid';

export interface Fault {
  /** The field's name, `metadata.key` inside metadata, empty for the body itself. */
  readonly path: string;
  readonly code: FaultCode;
}

export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Reads one JSON object field by field and keeps every fault, not just the first. */
export interface ObjectReader {
  amount(path: string): number;
  currency(path: string): Currency;
  account(path: string): AccountId;
  optional<Value>(path: string, read: (path: string) => Value): Value | undefined;
  /** A whole number within [min, max]. */
  whole(path: string, min: number, max: number): number;
  oneOf<Word extends string>(path: string, words: readonly Word[]): Word;
  /** A list of these words, at least one of them and none twice. */
  set<Word extends string>(path: string, words: readonly Word[]): readonly Word[];
  /** An RFC 3339 date and time, as epoch milliseconds. */
  moment(path: string): number;
  /** Text without NUL and lone surrogates, at most `lengthMax` UTF-16 units. */
  text(path: string, lengthMax: number): string;
  /** The same, and not empty. */
  words(path: string, lengthMax: number): string;
  /** Visible ASCII, 1 to `lengthMax`, of a narrower form where one is given. */
  label(path: string, lengthMax: number, form?: RegExp): string;
  truth(path: string): boolean;
  /** A flat record of texts: at most 50 keys of 40, values of 500 unless it says otherwise. */
  texts(path: string, lengthMax?: number): Record<string, string>;
  /** A list of 1 to `max` objects with these fields, each read by `read`. */
  list<Item>(
    path: string,
    max: number,
    known: readonly string[],
    read: (reader: ObjectReader) => Item,
  ): readonly Item[];
  fault(path: string, code: FaultCode): void;
}

/**
 * The one way from unknown to typed: calls `read` with a reader over `input` and gives its value,
 * or every fault found, those of fields outside `known` included.
 */
export function readObject<Value>(
  input: unknown,
  known: readonly string[],
  read: (reader: ObjectReader) => Value,
): Parsed<Value> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { ok: false, faults: [{ path: '', code: 'body-invalid' }] };
  }
  const fields = input as Record<string, unknown>;
  const faults: Fault[] = [];
  for (const name of Object.keys(fields)) {
    if (!known.includes(name)) faults.push({ path: name.slice(0, 64), code: 'unknown-field' });
  }
  const value = read(createReader(fields, faults));
  return faults.length === 0 ? { ok: true, value } : { ok: false, faults };
}

function createReader(fields: Record<string, unknown>, faults: Fault[]): ObjectReader {
  const own = (path: string) => (Object.hasOwn(fields, path) ? fields[path] : undefined);
  const fault = (path: string, code: FaultCode) => {
    faults.push({ path, code });
  };
  // After a fault the value is never used: readObject gives the faults instead.
  function take<Value>(path: string, code: FaultCode, fits: (raw: unknown) => raw is Value): Value {
    const raw = own(path);
    if (!fits(raw)) fault(path, raw === undefined ? 'field-required' : code);
    return raw as Value;
  }
  const within = (path: string, lengthMax: number, fits: (raw: string) => boolean): string => {
    const text = take(path, 'text-invalid', (raw): raw is string => typeof raw === 'string');
    if (typeof text !== 'string') return '';
    if (text.length > lengthMax) fault(path, 'text-too-long');
    else if (!fits(text)) fault(path, 'text-invalid');
    return text;
  };
  return {
    fault,
    amount: (path) => {
      const minor = take(path, 'amount-invalid', isWhole);
      if (isWhole(minor)) {
        if (minor <= 0) fault(path, 'amount-not-positive');
        else if (minor > amountMax) fault(path, 'amount-too-large');
      }
      return minor;
    },
    currency: (path) => take(path, 'currency-invalid', isCurrency),
    account: (path) => take(path, 'account-invalid', isAccountId),
    optional: (path, read) => (own(path) === undefined ? undefined : read(path)),
    whole: (path, min, max) =>
      take(path, 'field-invalid', (raw): raw is number => isWhole(raw) && raw >= min && raw <= max),
    oneOf: <Word extends string>(path: string, words: readonly Word[]) =>
      take(path, 'field-invalid', (raw): raw is Word => words.includes(raw as Word)),
    set: <Word extends string>(path: string, words: readonly Word[]) =>
      take(path, 'field-invalid', (raw): raw is Word[] => isSetOf(raw, words)),
    moment: (path) => {
      const isMoment = (raw: unknown): raw is string =>
        typeof raw === 'string' && momentMsOf(raw) !== undefined;
      return momentMsOf(take(path, 'moment-invalid', isMoment)) ?? 0;
    },
    text: (path, lengthMax) => within(path, lengthMax, isPlainText),
    words: (path, lengthMax) => {
      if (own(path) === '') fault(path, 'field-required');
      return within(path, lengthMax, isPlainText);
    },
    label: (path, lengthMax, form = /^[\x21-\x7e]+$/) =>
      within(path, lengthMax, (raw) => form.test(raw)),
    truth: (path) => take(path, 'field-invalid', (raw): raw is boolean => typeof raw === 'boolean'),
    texts: (path, lengthMax = 500) => readTexts(path, own(path), lengthMax, fault),
    list: (path, max, known, read) => {
      const raw = take(path, 'field-invalid', (found): found is unknown[] => Array.isArray(found));
      if (!Array.isArray(raw)) return [];
      if (raw.length < 1 || raw.length > max) fault(path, 'field-invalid');
      return raw.slice(0, max).flatMap((item, index) => {
        const parsed = readObject(item, known, read);
        if (parsed.ok) return [parsed.value];
        for (const found of parsed.faults) {
          fault([path, index, found.path].filter((part) => part !== '').join('.'), found.code);
        }
        return [];
      });
    },
  };
}

function isSetOf(raw: unknown, words: readonly unknown[]): boolean {
  if (!Array.isArray(raw) || raw.length === 0 || raw.length > words.length) return false;
  return raw.every((word, index) => words.includes(word) && raw.indexOf(word) === index);
}

const keysMax = 50;
const keyLengthMax = 40;

function readTexts(
  path: string,
  raw: unknown,
  lengthMax: number,
  fault: (path: string, code: FaultCode) => void,
): Record<string, string> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    fault(path, 'field-invalid');
    return {};
  }
  const entries = Object.entries(raw);
  if (entries.length > keysMax) fault(path, 'field-invalid');
  for (const [key, value] of entries.slice(0, keysMax)) {
    const at = `${path}.${key.slice(0, keyLengthMax)}`;
    if (!/^[A-Za-z0-9_.-]{1,40}$/.test(key) || key === '__proto__') fault(at, 'field-invalid');
    else if (typeof value !== 'string' || !isPlainText(value)) fault(at, 'text-invalid');
    else if (value.length > lengthMax) fault(at, 'text-too-long');
  }
  return Object.fromEntries(entries);
}

// -0 is an integer to JavaScript and to nobody else.
const isWhole = (raw: unknown): raw is number => Number.isInteger(raw) && !Object.is(raw, -0);

// PostgreSQL refuses NUL, and two different lone surrogates would be stored as the same text.
const isPlainText = (text: string): boolean => !text.includes('\0') && text.isWellFormed();
