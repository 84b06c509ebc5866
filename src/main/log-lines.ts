import { styleText } from 'node:util';

const colours = { trace: 'gray', debug: 'gray', info: 'green', warn: 'yellow' } as const;
const shownElsewhere = new Set(['level', 'time', 'service', 'pid', 'message', 'err', 'error']);
const valueCharactersMax = 160;

/** A line of a process's log for a person: time, process, level, message, name=value ... */
export function prettyLine(name: string, line: string): string {
  const entry = parsed(line);
  // An event of the relay has no level: it is no line of a log.
  if (typeof entry?.level !== 'string') return `${label(name)} ${line}`;
  const { time, level: word, message } = entry as typeof entry & { readonly level: string };
  const colour = colours[word as keyof typeof colours] ?? 'red';
  const rest = Object.entries(entry)
    .filter(([field]) => !shownElsewhere.has(field))
    .map(([field, value]) => `${field}=${short(value)}`);
  const { stack } = (entry.err ?? entry.error ?? {}) as { stack?: string };
  return [
    styleText('gray', String(time).slice(11, 23)),
    label(name),
    styleText(colour, word.padEnd(5)),
    String(message),
    styleText('gray', rest.join(' ')),
    ...(stack === undefined ? [] : [`\n${stack}`]),
  ].join(' ');
}

/** Whether a person wants to see the line: not what the SDK tells of its bundling. */
export function isWorthShowing(line: string): boolean {
  const entry = parsed(line);
  return !(entry?.level === 'info' && String(entry.module).startsWith('temporal/'));
}

function label(name: string): string {
  return styleText('cyan', name.padEnd(8));
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > valueCharactersMax ? `${text.slice(0, valueCharactersMax)}…` : text;
}
