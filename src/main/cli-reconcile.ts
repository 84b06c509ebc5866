import type { Command } from 'commander';
import { connect, exitCodes, json, type Shown, show } from './cli-calls.js';
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
}

interface FindingPage {
  readonly data: readonly FindingBody[];
  readonly next?: string | null;
}

interface ListOptions extends Shown {
  readonly sweep?: boolean;
  readonly accept?: string;
  readonly reason?: string;
  readonly [filter: string]: string | boolean | undefined;
}

const examples = `
Examples:
  $ npx holdfast reconcile
  $ npx holdfast reconcile --sweep
  $ npx holdfast reconcile --accept finding_3f0c... --reason "made by hand in their dashboard"`;

/** Adds `reconcile`: what does not agree, accepted or looked for anew. */
export function addReconcileCommand(program: Command): void {
  program
    .command('reconcile')
    .summary(
      'what ledger and provider do not agree on; exits with 1 while something is unexplained',
    )
    .option('--sweep', 'look once now, beside the sweeps of every 30 s')
    .option('--accept <finding>', 'accept a finding, which ends it for good')
    .option('--reason <text>', 'why it is accepted; kept')
    .option('--state <state>', 'open or resolved', 'open')
    .option('--limit <count>', '1 to 100')
    .option('--cursor <cursor>', 'the page after')
    .addOption(json())
    .addHelpText('after', examples)
    .action(reconcile);
}

async function reconcile({ json: asJson, sweep, accept, reason, ...filter }: ListOptions) {
  const api = await connect();
  const asked = { json: asJson === true };
  if (sweep) {
    const answer = await api.post<{ started: boolean }>('/v1/findings/sweep', {});
    show(answer, asked, startedText, () => exitCodes.ok);
  } else if (accept !== undefined) {
    const path = `/v1/findings/${encodeURIComponent(accept)}/accept`;
    const answer = await api.post<FindingBody>(path, { reason });
    show(
      answer,
      asked,
      (one) => findingsText({ data: [one] }),
      () => exitCodes.ok,
    );
  } else {
    const query = new URLSearchParams(filter as Record<string, string>).toString();
    const answer = await api.get<FindingPage>(`/v1/findings?${query}`);
    show(answer, asked, findingsText, ({ data }) =>
      data.some(isUnexplained) ? exitCodes.refused : exitCodes.ok,
    );
  }
}

function isUnexplained({ state, explained }: FindingBody): boolean {
  return state === 'open' && !explained;
}

function startedText({ started }: { readonly started: boolean }): string {
  return started ? 'A sweep has begun; list what it found in a moment.' : 'A sweep runs already.';
}

function findingsText({ data, next }: FindingPage): string {
  const rows = data.map((one) => [
    ...[one.id, one.kind, one.state, one.opId ?? one.reference ?? '', one.firstSeen],
    ...[String(one.times), one.reason ?? ''],
  ]);
  const heading = ['finding', 'kind', 'stands', 'about', 'first seen', 'times', 'reason'];
  return [
    data.length === 0 ? 'No findings.' : textTable(heading, rows, ['times']),
    ...(next === undefined || next === null ? [] : [`More: --cursor ${next}`]),
  ].join('\n');
}
