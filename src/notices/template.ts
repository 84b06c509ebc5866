import Mustache from 'mustache';
import { type Parsed, readObject } from '../domain/index.js';
import { de } from './texts/de.js';
import { en } from './texts/en.js';
import type { TextOf } from './texts/text-of.js';

/** What each template needs to be told: a line, or a text that may have several. */
const needs = {
  'payment-settled': { amount: 'line', currency: 'line', reference: 'line' },
  'ride-matched': { rider: 'line', driver: 'line', reference: 'line' },
  'ride-paid-out': { amount: 'line', currency: 'line', reference: 'line' },
  'ride-cancelled': { reference: 'line' },
  plain: { subject: 'line', text: 'text' },
} as const satisfies Record<string, Readonly<Record<string, 'line' | 'text'>>>;

export type TemplateName = keyof typeof needs;

export const templateNames = Object.keys(needs) as readonly TemplateName[];

export function isTemplateName(name: unknown): name is TemplateName {
  return typeof name === 'string' && Object.hasOwn(needs, name);
}

const lengthMax = { line: 200, text: 1_000 } as const;

/**
 * The data of a template, or everything that is wrong with it: what it needs and is not there, what
 * it does not know, and a line with a break or another control character in it (`text-invalid`).
 */
export function parseTemplateData(
  template: TemplateName,
  data: unknown,
): Parsed<Readonly<Record<string, string>>> {
  const wanted = Object.entries<'line' | 'text'>(needs[template]);
  const names = wanted.map(([name]) => name);
  const parsed = readObject(data, names, (read) => {
    const values = wanted.map(([name, kind]) => {
      const value = read.words(name, lengthMax[kind]);
      if (kind === 'line' && /\p{Cc}/u.test(value)) read.fault(name, 'text-invalid');
      return [name, value] as const;
    });
    return Object.fromEntries(values);
  });
  if (parsed.ok) return parsed;
  const faults = parsed.faults.map(({ path, code }) => ({
    path: path === '' ? 'data' : `data.${path}`,
    code,
  }));
  return { ok: false, faults };
}

/** A notice in words. */
export interface Rendered {
  /** One line, without control characters. */
  readonly subject: string;
  /** Without control characters but line breaks. */
  readonly text: string;
  /** The same text as a paragraph; all that came from data is encoded. */
  readonly html: string;
}

const languages: Readonly<Record<string, Readonly<Record<TemplateName, TextOf>>>> = { de, en };

/**
 * The notice in the reader's language: `de-AT` falls back to `de`, an unknown one to English. Data
 * is data: nothing in it is rendered again.
 */
export function renderTemplate(
  template: TemplateName,
  locale: string,
  data: Readonly<Record<string, string>>,
): Rendered {
  const { subject, text } = languageOf(locale)[template];
  const plain = (words: string) => Mustache.render(words, data, undefined, { escape: String });
  const encoded = visible(Mustache.render(text, data));
  return {
    // A line break would begin another header in an e-mail.
    subject: visible(plain(subject)).replace(/\s+/gu, ' ').trim(),
    text: visible(plain(text)),
    html: `<p>${encoded.replaceAll('\n', '<br>')}</p>`,
  };
}

function languageOf(locale: string): Readonly<Record<TemplateName, TextOf>> {
  const parts = locale.toLowerCase().split('-');
  for (let length = parts.length; length > 0; length -= 1) {
    const name = parts.slice(0, length).join('-');
    const found = Object.hasOwn(languages, name) ? languages[name] : undefined;
    if (found !== undefined) return found;
  }
  return en;
}

// And without marks that turn the direction of writing, which make a text look like another.
function visible(words: string): string {
  return words
    .replace(/\r\n?|[\u2028\u2029\u0085]/gu, '\n')
    .replace(/(?!\n)\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '');
}
