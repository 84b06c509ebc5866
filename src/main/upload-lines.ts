import { minus } from '../domain/index.js';
import type { BalanceBody } from './http-api.js';
import { textTable } from './text-table.js';

const barWidth = 28;
const mebibyte = 2 ** 20;

/** How far a file is: a bar, how much of it, how fast, and how long it still takes. */
export function progressLine(received: number, size: number, perSecond: number): string {
  const share = received / size;
  const bar = '#'.repeat(Math.floor(share * barWidth)).padEnd(barWidth, '.');
  const left = perSecond > 0 ? `, ${Math.ceil(minus(size, received) / perSecond)} s left` : '';
  const much = `${sizeText(received)} of ${sizeText(size)}, ${sizeText(perSecond)}/s${left}`;
  return `[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${much}`;
}

/** What an account in BYTE held at each of these moments. */
export function quotaLines(moments: Readonly<Record<string, BalanceBody>>): string {
  const rows = Object.entries(moments).map(([when, { posted, held, available }]) => [
    when,
    ...[posted, held, available].map(String),
  ]);
  const heading = ['quota in bytes', 'posted', 'held', 'available'];
  return textTable(heading, rows, heading.slice(1));
}

/** A number of bytes for people. */
function sizeText(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(1)} MiB`;
}

/** Bytes per second, of what came in the last seconds: a pause is not counted for ever. */
export function createRate(now: () => number = () => performance.now()) {
  const seen: { readonly at: number; readonly bytes: number }[] = [];
  return (bytes: number): number => {
    const at = now();
    seen.push({ at, bytes });
    while (seen.length > 2 && at - (seen[0]?.at ?? at) > rateOverMs) seen.shift();
    const [first] = seen;
    if (first === undefined || at === first.at) return 0;
    return (minus(bytes, first.bytes) / (at - first.at)) * 1_000;
  };
}

const rateOverMs = 5_000;
