import { styleText } from 'node:util';
import type { Audit } from './demo-audit.js';
import type { Check, SceneReport } from './demo-world.js';
import type { BalanceBody } from './http-api.js';
import { moneyText, operationCells } from './operation-lines.js';
import { textTable } from './text-table.js';

const linksMax = 2;

/** A scene: its operations as they were answered, what was claimed and seen, and links. */
export function sceneLines(
  { title, operations, notes = [], checks }: SceneReport,
  urlOf: (opId: string) => string,
): string {
  const table = textTable(['', '', '', '', ''], operations.map(operationCells));
  const links = operations.slice(0, linksMax).map(({ opId }) => urlOf(opId));
  return [
    `\n${styleText('bold', title)}`,
    ...table.split('\n').slice(1),
    ...notes,
    ...checkLines(checks),
    ...links.map((link) => styleText('gray', link)),
  ]
    .map((line, index) => (index === 0 ? line : `  ${line}`))
    .join('\n');
}

/** What every account holds. */
export function balanceLines(when: string, balances: readonly BalanceBody[]): string {
  const rows = balances.map(({ id, currency, ...sums }) => [
    id,
    ...[sums.posted, sums.held, sums.available].map((sum) => moneyText(sum, currency)),
  ]);
  const heading = ['account', 'posted', 'held', 'available'];
  const table = indented(textTable(heading, rows, heading.slice(1)));
  return `\n${styleText('bold', `Balances ${when}`)}\n${table}`;
}

/** Both books, every account's equation, and what of it holds. */
export function auditLines({ provider, ours, accounts, checks }: Audit): string {
  const books = textTable(
    ['', 'charges', 'sum'],
    Object.entries({ provider, ledger: ours }).map(([name, { charges, sum }]) => [
      name,
      `${charges}`,
      moneyText(sum, accounts[0]?.currency ?? ''),
    ]),
    ['charges', 'sum'],
  );
  const sums = ['funded', 'received', 'refunded', 'held', 'settled', 'available'] as const;
  const equation = textTable(
    ['account', ...sums],
    accounts.map((row) => [row.account, ...sums.map((sum) => moneyText(row[sum], row.currency))]),
    sums,
  );
  return [
    `\n${styleText('bold', 'The provider’s ledger beside ours')}`,
    indented(books),
    `\n${styleText('bold', 'Our ledger, account by account')}`,
    indented(equation),
    ...checkLines(checks).map((line) => `  ${line}`),
  ].join('\n');
}

function checkLines(checks: readonly Check[]): string[] {
  return checks.map(({ claim, holds, saw }) => {
    const mark = holds ? styleText('green', 'holds') : styleText('red', 'DOES NOT HOLD');
    return `${mark}: ${claim} (${saw})`;
  });
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
