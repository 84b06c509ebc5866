import { type Command, Option } from 'commander';
import { type Currency, formatMoney } from '../domain/index.js';
import { connect, exitCodes, json, minorOf, type Shown, show } from './cli-calls.js';
import { textTable } from './text-table.js';

interface FindingBody {
  readonly id: string;
  readonly kind: string;
  readonly opId?: string;
  readonly reference?: string;
  readonly explained: boolean;
  readonly reason?: string;
  readonly firstSeen: string;
  readonly times: number;
  readonly state: string;
  readonly correction?: {
    readonly account: string;
    readonly amount: number;
    readonly currency: Currency;
    readonly direction: 'credit' | 'debit';
    readonly by: readonly { readonly principal: string }[];
    readonly opId?: string;
  };
}

interface FindingPage {
  readonly data: readonly FindingBody[];
  readonly next?: string | null;
}

interface ListOptions extends Shown {
  readonly sweep?: boolean;
  readonly accept?: string;
  readonly correct?: string;
  readonly account?: string;
  readonly amount?: string;
  readonly currency?: string;
  readonly credit?: boolean;
  readonly debit?: boolean;
  readonly reason?: string;
  readonly [filter: string]: string | boolean | undefined;
}

const examples = `
Examples:
  $ npx holdfast reconcile
  $ npx holdfast reconcile --sweep
  $ npx holdfast reconcile --accept finding_3f0c... --reason "made by hand in their dashboard"
  $ npx holdfast reconcile --correct finding_3f0c... --account alice --amount 1250 \\
      --currency EUR --credit --reason "charged twice there"

A correction is booked when somebody else, with a token of their own, asks for the same.`;

/** Adds `reconcile`: what does not agree, accepted or looked for anew. */
export function addReconcileCommand(program: Command): void {
  program
    .command('reconcile')
    .summary(
      'what ledger and provider do not agree on; exits with 1 while something is unexplained',
    )
    .option('--sweep', 'look once now, beside the sweeps of every 30 s')
    .option('--accept <finding>', 'accept a finding, which ends it for good')
    .option('--correct <finding>', 'book what corrects a finding, which ends it; takes two people')
    .option('--account <account>', 'whose balance is corrected')
    .option('--amount <minor>', 'by how much, in minor units')
    .option('--currency <currency>')
    .addOption(new Option('--credit', 'the account gets it').conflicts('debit'))
    .option('--debit', 'it is taken from the account')
    .option('--reason <text>', 'why it is accepted or corrected; kept')
    .option('--state <state>', 'open or resolved', 'open')
    .option('--limit <count>', '1 to 100')
    .option('--cursor <cursor>', 'the page after')
    .addOption(json())
    .addHelpText('after', examples)
    .action(reconcile);
}

async function reconcile({ json: asJson, sweep, ...options }: ListOptions) {
  const { accept, correct, reason, account, amount, currency, credit, debit, ...filter } = options;
  const api = await connect();
  const asked = { json: asJson === true };
  if (sweep) {
    const answer = await api.post<{ started: boolean }>('/v1/findings/sweep', {});
    show(answer, asked, startedText, () => exitCodes.ok);
  } else if (accept !== undefined) {
    const answer = await api.post<FindingBody>(pathOf(accept, 'accept'), { reason });
    show(answer, asked, findingText, () => exitCodes.ok);
  } else if (correct !== undefined) {
    const answer = await api.post<FindingBody>(pathOf(correct, 'correct'), {
      ...{ account, currency, reason },
      ...(amount !== undefined && { amount: minorOf(amount) }),
      ...(credit && { direction: 'credit' }),
      ...(debit && { direction: 'debit' }),
    });
    show(answer, asked, findingText, () => exitCodes.ok);
  } else {
    const query = new URLSearchParams(filter as Record<string, string>).toString();
    const answer = await api.get<FindingPage>(`/v1/findings?${query}`);
    show(answer, asked, findingsText, ({ data }) =>
      data.some(isUnexplained) ? exitCodes.refused : exitCodes.ok,
    );
  }
}

function pathOf(finding: string, action: 'accept' | 'correct'): string {
  return `/v1/findings/${encodeURIComponent(finding)}/${action}`;
}

function isUnexplained({ state, explained }: FindingBody): boolean {
  return state === 'open' && !explained;
}

function startedText({ started }: { readonly started: boolean }): string {
  return started ? 'A sweep has begun; list what it found in a moment.' : 'A sweep runs already.';
}

function findingText(one: FindingBody): string {
  return findingsText({ data: [one] });
}

function correctionText({ correction }: FindingBody): string {
  if (correction === undefined) return '';
  const { account, amount, currency, direction, by, opId } = correction;
  const people = by.map(({ principal }) => principal).join(', ');
  const what = `${direction} ${account} ${formatMoney(amount, currency)} by ${people}`;
  return opId === undefined ? `${what}, not booked yet` : `${what}: ${opId}`;
}

function findingsText({ data, next }: FindingPage): string {
  const rows = data.map((one) => [
    ...[one.id, one.kind, one.state, one.opId ?? one.reference ?? '', one.firstSeen],
    ...[String(one.times), one.reason ?? '', correctionText(one)],
  ]);
  const heading = [
    'finding',
    'kind',
    'stands',
    'about',
    'first seen',
    'times',
    'reason',
    'correction',
  ];
  return [
    data.length === 0 ? 'No findings.' : textTable(heading, rows, ['times']),
    ...(next === undefined || next === null ? [] : [`More: --cursor ${next}`]),
  ].join('\n');
}
