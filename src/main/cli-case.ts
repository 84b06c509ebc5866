import type { Command } from 'commander';
import { caseActions, type CaseAction } from '../domain/index.js';
import { casesText, caseText, type CasePage } from './case-lines.js';
import { connect, exitCodes, json, show } from './cli-calls.js';
import type { CaseBody } from './http-api.js';

interface ActOptions {
  readonly reason: string;
  readonly charge?: string;
  readonly json?: boolean;
}

const examples = `
Examples:
  $ npx holdfast case list --state open
  $ npx holdfast case show case_3f0c...
  $ npx holdfast case verify case_3f0c... --reason "the provider is back"
  $ npx holdfast case settle case_3f0c... --charge ch_81 --reason "seen in their dashboard"
  $ npx holdfast case release case_3f0c... --reason "they confirm: never charged"

Settle and release are carried out when somebody else, with a token of their own, says the same.`;

const summaries: Readonly<Record<CaseAction, string>> = {
  verify: 'let the operation look at the provider again',
  retry: 'let an operation that parked on a fault try again',
  accept: 'accept a finding that is no parked operation',
  settle: 'settle what is held, by hand; takes two people',
  release: 'give back what is held, by hand; takes two people',
};

/** Adds `case list`, `case show` and a command for each action. */
export function addCaseCommands(program: Command): void {
  const group = program
    .command('case')
    .summary('what waits for a person: list, show, decide')
    .addHelpText('after', examples);

  group
    .command('list')
    .summary('cases, newest first')
    .option('--state <state>', 'open, approved-once, decided or ended')
    .option('--limit <count>', '1 to 100')
    .option('--cursor <cursor>', 'the page after')
    .addOption(json())
    .action(async ({ json: asJson, ...filter }: { json?: boolean } & Record<string, string>) => {
      const query = new URLSearchParams(filter).toString();
      const api = await connect();
      const answer = await api.get<CasePage>(`/v1/cases?${query}`);
      show(answer, { json: asJson === true }, casesText, () => exitCodes.ok);
    });

  group
    .command('show')
    .summary('one case with its evidence')
    .argument('<case>')
    .addOption(json())
    .action(async (id: string, asked: { json?: boolean }) => {
      const api = await connect();
      show(await api.get<CaseBody>(pathOf(id)), asked, caseText, () => exitCodes.ok);
    });

  for (const action of caseActions) addAction(group, action);
}

function addAction(group: Command, action: CaseAction): void {
  const command = group
    .command(action)
    .summary(summaries[action])
    .argument('<case>')
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .addOption(json())
    .addHelpText('after', examples);
  if (action === 'settle') command.option('--charge <id>', 'the charge found at the provider');
  command.action(async (id: string, { reason, charge, ...asked }: ActOptions) => {
    const api = await connect();
    const body = { reason, ...(charge !== undefined && { chargeId: charge }) };
    show(
      await api.post<CaseBody>(`${pathOf(id)}/${action}`, body),
      asked,
      caseText,
      () => exitCodes.ok,
    );
  });
}

function pathOf(id: string): string {
  return `/v1/cases/${encodeURIComponent(id)}`;
}
