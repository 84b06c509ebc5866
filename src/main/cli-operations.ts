import type { Command } from 'commander';
import { codeOf, connect, exitCodes, json, type Shown, show } from './cli-calls.js';
import {
  type HistoryPage,
  historyText,
  type OperationPage,
  operationText,
  pageText,
} from './cli-output.js';
import { cancel } from './cli-payments.js';
import type { OperationBody } from './http-api.js';

/** Adds the commands that ask after operations. */
export function addOperationCommands(program: Command): void {
  const ops = program.command('ops').summary('list and show operations, and how they came about');

  ops
    .command('list')
    .summary('operations, newest first')
    .option('--state <state>', 'PENDING, IN_PROGRESS, COMPLETED or FAILED')
    .option('--phase <phase>', 'held, charging, in-doubt, parked ...')
    .option('--domain <domain>', 'Payment, Account')
    .option('--account <account>')
    .option('--biz-key <key>')
    .option('--from <moment>', 'RFC 3339, included')
    .option('--to <moment>', 'RFC 3339, not included')
    .option('--limit <count>', '1 to 100')
    .option('--cursor <cursor>', 'the page after')
    .option('--count', 'say how many there are in all')
    .addOption(json())
    .action(async ({ json: asJson, ...filter }: Shown & Record<string, string | boolean>) => {
      const query = new URLSearchParams(
        Object.entries(filter).map(([name, value]): [string, string] => [name, String(value)]),
      );
      const api = await connect();
      const answer = await api.get<OperationPage>(`/v1/operations?${query.toString()}`);
      show(answer, { json: asJson === true }, pageText, () => exitCodes.ok);
    });

  ops
    .command('show')
    .summary('one operation')
    .argument('<opId>')
    .addOption(json())
    .action(async (opId: string, asked: Shown) => {
      const api = await connect();
      const answer = await api.get<OperationBody>(`/v1/operations/${encodeURIComponent(opId)}`);
      show(answer, asked, operationText, codeOf);
    });

  ops
    .command('history')
    .summary('what was decided about an operation, oldest first')
    .argument('<opId>')
    .option('--limit <count>', '1 to 100')
    .option('--cursor <cursor>', 'the page after')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  $ npx holdfast ops history op_3k2...')
    .action(async (opId: string, { json: asJson, ...page }: PageOptions) => {
      const query = new URLSearchParams({ ...page });
      const api = await connect();
      const path = `/v1/operations/${encodeURIComponent(opId)}/history?${query.toString()}`;
      const answer = await api.get<HistoryPage>(path);
      show(answer, { json: asJson === true }, historyText, () => exitCodes.ok);
    });

  addVerdict(ops, 'approve');
  addVerdict(ops, 'refuse');

  ops
    .command('cancel')
    .summary('the same as cancel')
    .argument('<opId>')
    .addOption(json())
    .action(cancel);
}

function addVerdict(ops: Command, verdict: 'approve' | 'refuse'): void {
  ops
    .command(verdict)
    .summary(`${verdict} an operation that awaits a second person: not who asked for it`)
    .argument('<opId>')
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .addOption(json())
    .addHelpText(
      'after',
      `\nExample:\n  $ npx holdfast ops ${verdict} op_3k2... --reason "I called"`,
    )
    .action(async (opId: string, { reason, ...asked }: Shown & { readonly reason: string }) => {
      const api = await connect();
      const path = `/v1/operations/${encodeURIComponent(opId)}/${verdict}`;
      const answer = await api.post<OperationBody>(path, { reason });
      show(answer, asked, operationText, () => exitCodes.ok);
    });
}

interface PageOptions extends Shown {
  readonly limit?: string;
  readonly cursor?: string;
}
