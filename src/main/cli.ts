import { Command, CommanderError } from 'commander';
import { addBreakerCommands } from './cli-breaker.js';
import { addCaseCommands } from './cli-case.js';
import { addEventCommands } from './cli-events.js';
import { connect, exitCodes, json, type Shown, show } from './cli-calls.js';
import { addNoticeCommands } from './cli-notices.js';
import { addOperationCommands } from './cli-operations.js';
import { balanceText } from './cli-output.js';
import { addPaymentCommands } from './cli-payments.js';
import { addReconcileCommand } from './cli-reconcile.js';
import { addUploadCommand } from './cli-upload.js';
import { addVerifyCommand } from './cli-verify.js';
import { type BalanceBody, Unreachable } from './http-api.js';
import { addOrderCommand } from './cli-order.js';
// new operations go above this line

const examples = `
Exit codes: 0 done · 1 refused or failed · 2 wrong usage · 3 nobody answers · 4 not ended yet

HOLDFAST_URL names the gateway, HOLDFAST_TOKEN the token; after npm run dev both can be left out.

Examples:
  $ npx holdfast balance alice
  $ npx holdfast pay alice 1250 EUR --key order-7-payment
  $ npx holdfast pay alice 500 EUR --to bob --method balance --json
  $ npx holdfast pay alice 3000 EUR --capture manual
  $ npx holdfast capture op_3k2... 2500
  $ npx holdfast method op_3k2... balance
  $ npx holdfast refund op_3k2... 500
  $ npx holdfast payout shop 125000 EUR bank_1
  $ npx holdfast order alice 4500 EUR mug:2 tea:1
  $ npx holdfast notify rcp_7f3a --data subject=Hello --data text="It is on its way"
  $ npx holdfast upload film.mp4
  $ npx holdfast ops list --state IN_PROGRESS --phase parked
  $ npx holdfast ops history op_3k2...
  $ npx holdfast ops approve op_3k2... --reason "I called them"
  $ npx holdfast case list --state open
  $ npx holdfast reconcile
  $ npx holdfast breaker isolate sandbox --reason "they told us of an outage"
  $ npx holdfast events redeliver log --reason "it is back"
  $ npx holdfast verify`;

const program = new Command('holdfast')
  .description(
    'Takes payments and sends notices through a Holdfast gateway, and shows what became of them.',
  )
  .exitOverride()
  .showHelpAfterError()
  .addHelpText('after', examples);

addPaymentCommands(program);
addNoticeCommands(program);
addUploadCommand(program);
addOperationCommands(program);

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

addCaseCommands(program);
addReconcileCommand(program);
addBreakerCommands(program);
addEventCommands(program);
addVerifyCommand(program);
addOrderCommand(program);
// new operations go above this line

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
