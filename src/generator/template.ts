import { joinedBy, lowered, type Names, raised, type Step, type Wanted } from './names.js';

// A template is an operation called `SampleThing`: two words, so that every case form of it can be
// told from every other. Its step is `doWork`, given back by `takeBack`, done by `acmeService`.
// Lines between `each step` and `end each` are there once for each step, `last step` for the last
// one; `if back` and `if steps` choose, with `else`.

/** A line, or a block of them. */
type Part = string | Block;

interface Block {
  readonly kind: string;
  readonly parts: readonly Part[];
  readonly otherwise: readonly Part[];
}

const mark = /^\s*(?:\/\/|--|#) (each step|last step|if back|if steps|else|end (?:each|last|if))$/;
const markOf = (line: string | undefined) =>
  line === undefined ? undefined : mark.exec(line)?.[1];

/** What a template makes of what is wanted. */
export function rendered(template: string, wanted: Wanted): string {
  const lines = template.split('\n');
  const parts = partsOf(lines);
  if (lines.length > 0) throw new RangeError('a template ends a block that it did not begin');
  return renamed(linesOf(parts, wanted, undefined).join('\n'), wanted.names);
}

/** For a template of one service: what it makes of this one. */
export function renderedService(template: string, service: string): string {
  return inForms(template, 'acmeService', service);
}

/** What a path of a template becomes. */
export function renamed(text: string, { domain, eventType, pascal, plural }: Names): string {
  const named = text
    .replaceAll('SampleThingRequested', eventType)
    .replaceAll('SampleDomain', domain);
  return inForms(inForms(named, 'sampleThings', lowered(plural)), 'sampleThing', lowered(pascal));
}

/** Takes lines until one that ends the block that they are in. */
function partsOf(lines: string[]): readonly Part[] {
  const parts: Part[] = [];
  for (let line = lines[0]; line !== undefined; line = lines[0]) {
    const kind = markOf(line);
    if (kind === 'else' || kind?.startsWith('end')) return parts;
    lines.shift();
    parts.push(kind === undefined ? line : blockOf(kind, lines));
  }
  return parts;
}

function blockOf(kind: string, lines: string[]): Block {
  const parts = partsOf(lines);
  const otherwise = markOf(lines.shift()) === 'else' ? partsOf(lines) : [];
  if (otherwise.length > 0) lines.shift();
  return { kind, parts, otherwise };
}

function linesOf(
  parts: readonly Part[],
  wanted: Wanted,
  step: Step | undefined,
): readonly string[] {
  return parts.flatMap((part) => {
    if (typeof part === 'string') return step === undefined ? [part] : [stepped(part, step)];
    const { kind, otherwise } = part;
    if (kind === 'each step' || kind === 'last step') {
      const steps = kind === 'each step' ? wanted.steps : wanted.steps.slice(-1);
      return steps.flatMap((one) => linesOf(part.parts, wanted, one));
    }
    const holds = kind === 'if back' ? step?.back !== undefined : wanted.steps.length > 0;
    return linesOf(holds ? part.parts : otherwise, wanted, step);
  });
}

function stepped(line: string, { name, back, service }: Step): string {
  const named = renderedService(inForms(line, 'doWork', name), service);
  return back === undefined ? named : inForms(named, 'takeBack', back);
}

/** Every case form of one name in place of the same of another; both camelCase. */
function inForms(text: string, from: string, to: string): string {
  const words = joinedBy(' ', to);
  const articled = text.replaceAll(
    new RegExp(`\\b([Aa]) (?=${joinedBy(' ', from)}\\b)`, 'g'),
    (_, article: string) => `${article}${/^[aeiou]/.test(words) ? 'n' : ''} `,
  );
  return [
    [raised(from), raised(to)],
    [joinedBy('-', from), joinedBy('-', to)],
    [joinedBy('_', from), joinedBy('_', to)],
    [raised(joinedBy(' ', from)), raised(words)],
    [joinedBy(' ', from), words],
    [from, to],
  ].reduce((made, [old = '', fresh = '']) => made.replaceAll(old, fresh), articled);
}
