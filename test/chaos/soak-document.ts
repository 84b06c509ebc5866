import { machineWords, sparkline } from './soak-figures.js';
import type { Availability, FaultRow, SoakReport } from './soak-report.js';

/** What was asked for, and what broke. */
export interface SoakRun {
  readonly isWhole: boolean;
  readonly violations: readonly string[];
  /** The command that does the same again. */
  readonly again: string;
}

/** The whole of docs/soak.md. */
export function soakDocument(report: SoakReport, run: SoakRun): string {
  return `${preface.trimStart()}
## This run

${summaryOf(report, run)}

## Faults

Seconds from the end of a fault, the middle / the 99th of 100 / the longest: until a new payment
that was asked for afterwards had settled; until the payments had ended that were under way; until
in 5 s as much ended as 80 % of what did before the first fault.

${table(
  ['Fault', 'What was done', 'Times', 'New', 'Under way', 'Throughput'],
  report.faults.map(faultCells),
)}

## Starts

${startsOf(report)}

## Ends

${table(
  ['Operation', 'Ended'],
  Object.entries(report.ends).map(([kind, ends]) => [kind, countsOf(ends)]),
)}

## Over time

${timelineOf('Operations that ended, a second', report.throughput)}

${timelineOf('Seconds from asking for a payment to its end, the middle one', report.latency)}

## Memory

Resident memory in MB. The slope is by least squares over every life of a process without its first
minute; a process that was started again begins anew.

${table(
  ['Process', 'Lives', 'First', 'Last', 'Most', 'MB a minute'],
  report.memory.map(({ name, lives, fromMb, toMb, mostMb, mbPerMinute }) => [
    ...[name, `${lives}`, ...[fromMb, toMb, mostMb].map((mb) => mb.toFixed(0))],
    mbPerMinute?.toFixed(2) ?? '',
  ]),
)}

\`\`\`
${report.memory.map(({ name, line }) => `${name.padEnd(9)} ${line}`).join('\n')}
\`\`\`
${violationsOf(run)}`;
}

const preface = `
<!-- Made by \`npm run chaos -- --minutes N\`. -->

# A fault every 20 seconds

The whole system runs as in production, every part a process of its own, with two workers:
PostgreSQL, Temporal, gateway, relay, and a provider with a ledger of its own. Callers ask over HTTP
for payments, holds that are captured or cancelled, refunds, payouts, transfers and rides; who gets
no answer asks again under the same key. Every 20 s, where nothing else was asked for, something
breaks, each kind once before any comes again. Every 10 s all invariants of the ledger are looked
at. At the end the load stops, and:

- every operation has ended, or is in front of a person; no workflow runs, and no event waits;
- all invariants hold, and every account is what was funded, received, held and settled;
- the provider's own ledger has each step once, and the same money as ours;
- no process died that was not killed, and none wrote a fatal line.
`;

function summaryOf(report: SoakReport, { isWhole, violations, again }: SoakRun): string {
  const { minutes, looks, calls, availability } = report;
  const faults = report.faults.reduce((sum, { rounds }) => sum + rounds, 0);
  return [
    `- ${minutes.toFixed(1)} minutes${isWhole ? '' : ', interrupted'}, ${faults} faults of`,
    `  ${report.faults.length} kinds, ${availability.starts} starts; ${report.ended} operations`,
    '  ended.',
    `- **${violations.length} violations.** The invariants were looked at ${looks.looks} times;`,
    `  ${looks.missed} times more the database could not be asked.`,
    `- When the load stopped, all that was open ended within ${report.drainSeconds.toFixed(1)} s.`,
    `- The provider acted ${calls.acted} times, and answered ${calls.answered} writes: some`,
    '  answers are lost with the faults, and who asks again under the same key is told the same.',
    `- \`${again}\`, ${machineWords()}.`,
  ].join('\n');
}

function startsOf(report: SoakReport): string {
  const { availability, whileProviderDown, answers, skipped } = report;
  const rows = [
    ['all the time', ...availabilityCells(availability)],
    ['while the provider was down', ...availabilityCells(whileProviderDown)],
  ];
  const heads = ['', 'Starts', 'Refused', 'Accepted at once', 'Accepted in the end'];
  return `${table(heads, rows)}

Refused is what the caller did wrong on purpose: another amount under a key that was used. All
requests by their answer: ${countsOf(answers)}. ${skipped} stories were not begun: 200 waited.`;
}

function availabilityCells(one: Availability): string[] {
  const { starts, refused, firsts, acceptedAtOnce, acceptedInTheEnd } = one;
  const of = (accepted: number, asked: number) =>
    asked === 0 ? '' : `${((100 * accepted) / asked).toFixed(3)} %`;
  const inTheEnd = of(acceptedInTheEnd, starts - refused);
  return [`${starts}`, `${refused}`, of(acceptedAtOnce, firsts), inTheEnd];
}

function faultCells({ name, does, rounds, recoversWithinMs, ...times }: FaultRow) {
  const goal = recoversWithinMs === undefined ? '' : ` (at most ${recoversWithinMs / 1_000})`;
  const words = ({ p50, p99, max }: FaultRow['recovery']) =>
    [p50, p99, max].map((ms) => (ms === undefined ? '-' : (ms / 1_000).toFixed(1))).join(' / ');
  const others = [words(times.underWay), words(times.throughput)];
  return [`\`${name}\``, does, `${rounds}`, `${words(times.recovery)}${goal}`, ...others];
}

function violationsOf({ violations }: SoakRun): string {
  if (violations.length === 0) return '';
  const lines = violations.map((violation) => `- ${violation.replaceAll('\n', '\n  ')}`);
  return `\n## Violations\n\n${lines.join('\n')}\n`;
}

function timelineOf(what: string, { bucketSeconds, values }: SoakReport['throughput']): string {
  const most = Math.max(0, ...values).toFixed(1);
  const mean = (values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)).toFixed(
    1,
  );
  const chart = `\`\`\`\n${sparkline(values)}\n\`\`\``;
  return `${what}, in each ${bucketSeconds} s: ${mean} on average, ${most} at most.\n\n${chart}`;
}

function countsOf(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).toSorted(([, one], [, other]) => other - one);
  return sorted.map(([name, count]) => `${count} ${name}`).join(', ');
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = rows.map((cells) => `| ${cells.join(' | ')} |`);
  return [`| ${heads.join(' | ')} |`, `|${heads.map(() => '---|').join('')}`, ...lines].join('\n');
}
