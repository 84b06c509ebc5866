import { type Command, Option } from 'commander';
import { connect, exitCodes, json, minorOf, type Shown, show } from './cli-calls.js';
import { operationText } from './cli-output.js';
import { keyOf, keyOption, type Started, start, waitOption } from './cli-start.js';
import type { OperationBody } from './http-api.js';

interface PayOptions extends Started {
  readonly to?: string;
  readonly method?: string;
  readonly capture?: string;
  readonly bizKey?: string;
  readonly description?: string;
}

/** Adds the commands that move money. */
export function addPaymentCommands(program: Command): void {
  addPay(program);
  addCapture(program);
  addMethod(program);
  addCancel(program);
  addRefund(program);
  addPayout(program);
}

function addPay(program: Command): void {
  program
    .command('pay')
    .summary('start a payment and wait for its end')
    .description(
      'Starts a payment of AMOUNT minor units (1250 EUR is 12.50) and waits for its end.',
    )
    .argument('<account>')
    .argument('<amount>', 'whole minor units')
    .argument('<currency>', 'EUR, USD, JPY ...')
    .option('--to <account>', 'who receives; the merchant account of the tenant when left out')
    .addOption(new Option('--method <method>').choices(['card', 'balance']))
    .addOption(
      new Option('--capture <when>', 'hold it for one capture, or for several').choices([
        'manual',
        'multiple',
      ]),
    )
    .addOption(keyOption())
    .option('--biz-key <key>', 'names the business thing, an order say')
    .option('--description <text>', 'kept sealed')
    .addOption(waitOption())
    .addOption(json())
    .action(async (account: string, amount: string, currency: string, asked: PayOptions) => {
      const body = {
        account,
        amount: minorOf(amount),
        currency,
        ...{ payTo: asked.to, method: asked.method, capture: asked.capture },
        ...{ bizKey: asked.bizKey, description: asked.description },
      };
      await start(program, '/v1/payments', body, asked);
    });
}

function addCapture(program: Command): void {
  program
    .command('capture')
    .summary('take held money, all of it or part')
    .description('Takes what a payment holds: AMOUNT minor units, or all that is left.')
    .argument('<opId>')
    .argument('[amount]', 'whole minor units')
    .option('--final', 'the last one of several: what is left goes back')
    .addOption(keyOption())
    .addOption(json())
    .addHelpText('after', '\nExample:\n  $ npx holdfast capture op_3k2... 1000 --final')
    .action(async (opId: string, amount: string | undefined, asked: CaptureOptions) => {
      const body = {
        ...(amount !== undefined && { amount: minorOf(amount) }),
        ...(asked.final === true && { final: true }),
      };
      const key = keyOf(asked);
      const answer = await (await connect()).post<OperationBody>(pathOf(opId, 'capture'), body, {
        key,
      });
      // Accepted is what was asked for here: it is carried out after the answer.
      show(answer, asked, operationText, () => exitCodes.ok);
    });
}

function addMethod(program: Command): void {
  program
    .command('method')
    .summary('choose another method for a payment that is deferred')
    .argument('<opId>')
    .argument('<method>', 'card or balance')
    .addOption(keyOption())
    .addOption(json())
    .addHelpText('after', '\nExample:\n  $ npx holdfast method op_3k2... balance')
    .action(async (opId: string, method: string, asked: Omit<Started, 'wait'>) => {
      const key = keyOf(asked);
      const api = await connect();
      const answer = await api.post<OperationBody>(pathOf(opId, 'method'), { method }, { key });
      show(answer, asked, operationText, () => exitCodes.ok);
    });
}

type CaptureOptions = Omit<Started, 'wait'> & { readonly final?: boolean };

function addCancel(program: Command): void {
  program
    .command('cancel')
    .summary('withdraw a payment, or let go of what it holds')
    .argument('<opId>')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  $ npx holdfast cancel op_3k2...')
    .action(cancel);
}

/** Withdraws a payment. */
export async function cancel(opId: string, asked: Shown): Promise<void> {
  const api = await connect();
  const answer = await api.post<OperationBody>(pathOf(opId, 'cancel'), {});
  // Withdrawn is what was asked for here.
  show(answer, asked, operationText, () => exitCodes.ok);
}

function addRefund(program: Command): void {
  program
    .command('refund')
    .summary('give captured money back and wait for the end')
    .description('Gives AMOUNT minor units of a payment back, or all that is left.')
    .argument('<opId>', 'the payment')
    .argument('[amount]', 'whole minor units')
    .option('--reason <text>', 'kept sealed')
    .addOption(keyOption())
    .addOption(waitOption())
    .addOption(json())
    .addHelpText('after', '\nExample:\n  $ npx holdfast refund op_3k2... 500 --reason broken')
    .action(async (opId: string, amount: string | undefined, asked: RefundOptions) => {
      const body = {
        ...(amount !== undefined && { amount: minorOf(amount) }),
        ...(asked.reason !== undefined && { reason: asked.reason }),
      };
      await start(program, pathOf(opId, 'refunds'), body, asked);
    });
}

type RefundOptions = Started & { readonly reason?: string };

function addPayout(program: Command): void {
  program
    .command('payout')
    .summary('send money out and wait for the end')
    .argument('<account>')
    .argument('<amount>', 'whole minor units')
    .argument('<currency>', 'EUR, USD, JPY ...')
    .argument('<destination>', "the provider's token for where it goes")
    .option('--biz-key <key>', 'names the business thing, a week of sales say')
    .addOption(keyOption())
    .addOption(waitOption())
    .addOption(json())
    .addHelpText('after', '\nExample:\n  $ npx holdfast payout shop 125000 EUR bank_1')
    .action(
      async (
        account: string,
        amount: string,
        currency: string,
        destination: string,
        asked: Started & { readonly bizKey?: string },
      ) => {
        const { bizKey } = asked;
        const body = { account, amount: minorOf(amount), currency, destination, bizKey };
        await start(program, '/v1/payouts', body, asked);
      },
    );
}

function pathOf(opId: string, what: string): string {
  return `/v1/payments/${encodeURIComponent(opId)}/${what}`;
}
