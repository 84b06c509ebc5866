import { styleText } from 'node:util';
import type { Command } from 'commander';
import { connect, exitCodes, json, type Shown, show } from './cli-calls.js';
import { moneyText } from './operation-lines.js';
import { textTable } from './text-table.js';

interface VerifyBody {
  readonly checks: number;
  readonly violations: readonly {
    readonly name: string;
    readonly rule: string;
    readonly count: number;
    readonly sample: readonly string[];
  }[];
  readonly money: readonly ({ readonly currency: string } & Readonly<
    Record<(typeof sums)[number], number | string>
  >)[];
}

const sums = [
  ...(['funded', 'received', 'refunded', 'held', 'settled', 'available'] as const),
  ...(['drift', 'inDoubt', 'parked'] as const),
] as const;

const examples = `
Exit codes: 0 every invariant holds · 1 one does not

Examples:
  $ npx holdfast verify
  $ npx holdfast verify --json`;

/** Adds `verify`. */
export function addVerifyCommand(program: Command): void {
  program
    .command('verify')
    .summary('whether every invariant of the ledger holds')
    .addOption(json())
    .addHelpText('after', examples)
    .action(async (asked: Shown) => {
      const api = await connect();
      show(await api.get<VerifyBody>('/v1/verify'), asked, verifyText, ({ violations }) =>
        violations.length === 0 ? exitCodes.ok : exitCodes.refused,
      );
    });
}

/** What was seen, for people: what does not hold, and the money that it is about. */
function verifyText({ checks, violations, money }: VerifyBody): string {
  const broken = violations.map(({ name, rule, count, sample }) =>
    [
      styleText('red', `${name}: ${count} times. Should hold: ${rule}`),
      ...sample.map((subject) => `  ${subject}`),
    ].join('\n'),
  );
  const rows = money.map((one) => [one.currency, ...sums.map((name) => textOf(one, name))]);
  return [
    ...broken,
    `${checks - violations.length} of ${checks} invariants hold.`,
    'available = funded + received + refunded - held - settled, customers and merchants:',
    textTable(['', ...sums], rows, [...sums]),
  ].join('\n');
}

function textOf(one: VerifyBody['money'][number], name: (typeof sums)[number]): string {
  const sum = one[name];
  return typeof sum === 'number' ? moneyText(sum, one.currency) : sum;
}
