import { Command, CommanderError, Option } from 'commander';
import { nanoid } from 'nanoid';
import {
  balanceText,
  type OperationPage,
  operationText,
  pageText,
  problemText,
} from './cli-output.js';
import { addCaseCommands } from './cli-case.js';
import { childEnvironment, cliConfig, orExit } from './config.js';
import { devIssuer, devTenant } from './dev-state.js';
import {
  type Answer,
  type BalanceBody,
  createHttpApi,
  type HttpApi,
  type OperationBody,
  type ProblemBody,
  Unreachable,
} from './http-api.js';

const exitCodes = { ok: 0, refused: 1, usage: 2, unreachable: 3, open: 4 } as const;

const examples = `
Exit codes: 0 done · 1 refused or failed · 2 wrong usage · 3 nobody answers · 4 not ended yet

HOLDFAST_URL names the gateway, HOLDFAST_TOKEN the token; after npm run dev both can be left out.

Examples:
  $ npx holdfast balance alice
  $ npx holdfast pay alice 1250 EUR --key order-7-payment
  $ npx holdfast pay alice 500 EUR --to bob --method balance --json
  $ npx holdfast ops list --state IN_PROGRESS --phase parked
  $ npx holdfast ops show op_3k2...
  $ npx holdfast case list --state open`;

interface Shown {
  readonly json?: boolean;
}

const program = new Command('holdfast')
  .description('Takes payments through a Holdfast gateway, and shows what became of them.')
  .exitOverride()
  .showHelpAfterError()
  .addHelpText('after', examples);

const json = () => new Option('--json', 'print the answer as JSON, for programs');

program
  .command('pay')
  .summary('start a payment and wait for its end')
  .description('Starts a payment of AMOUNT minor units (1250 EUR is 12.50) and waits for its end.')
  .argument('<account>')
  .argument('<amount>', 'whole minor units')
  .argument('<currency>', 'EUR, USD, JPY ...')
  .option('--to <account>', 'who receives; the merchant account of the tenant when left out')
  .addOption(new Option('--method <method>').choices(['card', 'balance']))
  .option('--key <key>', 'names this one intent, 8 to 255 characters; a new one when left out')
  .option('--biz-key <key>', 'names the business thing, an order say')
  .option('--description <text>', 'kept sealed')
  .option('--wait <seconds>', 'how long to wait for the end, 0 to 30', '20')
  .addOption(json())
  .action(async (account: string, amount: string, currency: string, asked: PayOptions) => {
    const key = asked.key ?? nanoid();
    const body = {
      account,
      amount: /^\d{1,16}$/.test(amount) ? Number(amount) : amount,
      currency,
      ...{ payTo: asked.to, method: asked.method },
      ...{ bizKey: asked.bizKey, description: asked.description },
    };
    const waitSeconds = Number(asked.wait);
    if (!(waitSeconds >= 0 && waitSeconds <= 30)) program.error('--wait takes 0 to 30');
    const api = await connect();
    // Said before the call: after a crash of ours the same key asks for the same payment.
    if (!asked.json) process.stderr.write(`key ${key}\n`);
    const answer = await api.post<OperationBody>('/v1/payments', body, { key, waitSeconds });
    show(answer, asked, operationText, codeOf);
  });

interface PayOptions extends Shown {
  readonly to?: string;
  readonly method?: string;
  readonly key?: string;
  readonly bizKey?: string;
  readonly description?: string;
  readonly wait: string;
}

const ops = program.command('ops').summary('list and show operations, withdraw a payment');

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
  .command('cancel')
  .summary('withdraw a payment whose charge has not begun')
  .argument('<opId>')
  .addOption(json())
  .action(async (opId: string, asked: Shown) => {
    const api = await connect();
    const path = `/v1/payments/${encodeURIComponent(opId)}/cancel`;
    const answer = await api.post<OperationBody>(path, {}, { key: nanoid() });
    // Withdrawn is what was asked for here.
    show(answer, asked, operationText, () => exitCodes.ok);
  });

program
  .command('balance')
  .summary('what an account holds')
  .argument('<account>')
  .option('--at <moment>', 'RFC 3339; now when left out')
  .addOption(json())
  .action(async (account: string, asked: Shown & { at?: string }) => {
    const at = asked.at === undefined ? '' : `?at=${encodeURIComponent(asked.at)}`;
    const api = await connect();
    const path = `/v1/accounts/${encodeURIComponent(account)}/balance${at}`;
    show(await api.get<BalanceBody>(path), asked, balanceText, () => exitCodes.ok);
  });

addCaseCommands(program, {
  connect,
  json,
  show: (answer, asked, textOf) => show(answer, asked, textOf, () => exitCodes.ok),
});

// Whoever reads us may stop reading, as head does.
process.stdout.on('error', () => process.exit());

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof Unreachable) {
    process.stderr.write(`${error.message}: is the gateway running? (HOLDFAST_URL)\n`);
    process.exitCode = exitCodes.unreachable;
  } else if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  } else throw error;
}

async function connect(): Promise<HttpApi> {
  const environment = childEnvironment({});
  const token = environment['HOLDFAST_TOKEN'] ?? (await devToken());
  return createHttpApi(orExit(() => cliConfig({ ...environment, HOLDFAST_TOKEN: token })));
}

async function devToken(): Promise<string | undefined> {
  const issuer = await devIssuer();
  return issuer?.sign({ role: 'admin', subject: 'admin', tenant: devTenant });
}

function show<Body extends object>(
  { status, body }: Answer<Body | ProblemBody>,
  asked: Shown,
  textOf: (body: Body) => string,
  exitCodeOf: (body: Body) => number,
): void {
  const isProblem = status >= 400 && 'code' in body && !('opId' in body);
  if (asked.json) process.stdout.write(`${JSON.stringify(body)}\n`);
  else if (isProblem) process.stderr.write(`${problemText(body)}\n`);
  else process.stdout.write(`${textOf(body as Body)}\n`);
  process.exitCode = isProblem ? exitCodes.refused : exitCodeOf(body as Body);
}

function codeOf({ state }: OperationBody): number {
  if (state === 'COMPLETED') return exitCodes.ok;
  return state === 'FAILED' ? exitCodes.refused : exitCodes.open;
}
