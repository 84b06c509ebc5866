import { cpus, release, totalmem, type } from 'node:os';
import { type MessageFault, messageFaults } from '../support/message-proxy.js';
import { type Befallen, type PlayedCell, type SocketName, sockets } from './cells.js';

interface Run {
  readonly seed: number;
  readonly seeds: number;
  readonly minutes: number | undefined;
  readonly violations: readonly string[];
}

const names: Readonly<Record<SocketName, string>> = {
  gateway: 'client and gateway',
  postgres: 'worker and PostgreSQL',
  temporal: 'worker and Temporal',
  provider: 'worker and provider',
};

/** The whole of docs/faults.md. */
export function documentOf(befallen: readonly Befallen[], run: Run): string {
  const operations = [...new Set(befallen.map((one) => one.operation))].toSorted();
  const cells = befallen.flatMap((one) => one.cells);
  return `${preface.trimStart()}
## This run

${summaryOf(befallen, run)}

## By operation

Each field: cells in which the fault struck / cells played / cells that there are.

${tableOf(
  'Operation',
  operations.map((name) =>
    rowOf(
      name,
      befallen.filter((one) => one.operation === name),
    ),
  ),
)}

## By fault

Each field: cells in which the fault struck / cells played.

${tableOf(
  'Fault',
  messageFaults.map((fault) => rowOfFault(fault, cells)),
)}
${violationsOf(run)}`;
}

function summaryOf(befallen: readonly Befallen[], run: Run): string {
  const { seed, seeds, minutes, violations } = run;
  const cells = befallen.flatMap((one) => one.cells);
  const struck = cells.filter((cell) => cell.struck).length;
  const points = befallen.reduce((sum, { messages }) => sum + pointsOf(messages), 0);
  const slowestMs = cells.reduce((most, { endedAfterMs }) => Math.max(most, endedAfterMs), 0);
  const limit =
    minutes === undefined ? 'all, without a limit of time' : `${minutes} minutes of them`;
  const faults = messageFaults.length;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  const machine = `${type()} ${release()}, ${cpus().length} cores, ${memory}`;
  const operations = new Set(befallen.map((one) => one.operation)).size;
  const drawn = seeds === 1 ? `Seed ${seed}` : `Seeds ${seed} to ${seed + seeds - 1}`;
  return [
    `- ${cells.length} of ${points * faults} cells were played, of`,
    `  ${operations} operations, ${points} messages and ${faults} faults: ${limit}. Messages are`,
    '  counted anew for each seed.',
    `- In ${struck} of them the fault struck. In the others the operation ended before: how many`,
    '  messages the long polls of Temporal take is not the same each time.',
    `- **${violations.length} violations.** The slowest cell took ${seconds(slowestMs)} of 90 s.`,
    `- ${drawn}, Node ${process.versions.node}, ${machine}.`,
  ].join('\n');
}

function violationsOf({ violations }: Run): string {
  if (violations.length === 0) return '';
  const lines = violations.map((violation) => `- ${violation.replaceAll('\n', '\n  ')}`);
  return `\n## Violations\n\n${lines.join('\n')}\n`;
}

function tableOf(first: string, rows: readonly string[]): string {
  const heads = [first, ...sockets.map((socket) => names[socket])];
  return [`| ${heads.join(' | ')} |`, `|${heads.map(() => '---|').join('')}`, ...rows].join('\n');
}

const preface = `
<!-- Made by \`npm run chaos -- --sweep\`. -->

# A fault at every message

The messages of every operation are counted where nothing goes wrong. Then it is played again, once
for each message and fault, on real servers:

- **kill**: the process behind the socket dies by SIGKILL as the message passes; a new one is
  started.
- **cut**: the message is lost, and its connection is reset.
- **delay**: the message, and what follows it, comes 2 s later; who waits gives up after 1 s.
- **drop-answer**: the message arrives; what is said next to it is lost, and the connection is
  reset.

A message is all that one side says until the other one speaks; to Temporal, where both speak at
once, each frame of data of gRPC. Afterwards the operation must have ended as without the fault,
within 90 s: the same answer, the same balances, each effect at the provider once, and every rule
of \`test/ledger/violations.ts\`. Operations that nobody asks for over HTTP, or whose answer is not
an operation, have no messages at the gateway.
`;

function rowOf(operation: string, befallen: readonly Befallen[]): string {
  const cells = befallen.flatMap((one) => one.cells);
  const fields = sockets.map((socket) => {
    const messages = befallen.reduce((sum, one) => sum + one.messages[socket], 0);
    return `${countsOf(cells, socket)} / ${messages * messageFaults.length}`;
  });
  return `| ${[operation, ...fields].join(' | ')} |`;
}

function rowOfFault(fault: MessageFault, cells: readonly PlayedCell[]): string {
  const own = cells.filter((cell) => cell.fault === fault);
  return `| ${[fault, ...sockets.map((socket) => countsOf(own, socket))].join(' | ')} |`;
}

function countsOf(cells: readonly PlayedCell[], socket: SocketName): string {
  const own = cells.filter((cell) => cell.socket === socket);
  return `${own.filter(({ struck }) => struck).length} / ${own.length}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function pointsOf(messages: Befallen['messages']): number {
  return sockets.reduce((sum, socket) => sum + messages[socket], 0);
}
