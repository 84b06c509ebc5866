import type { Command } from 'commander';
import { paidBody, paidCommand, type PaidOptions } from './cli-paid.js';
import { start } from './cli-start.js';

type Given = [account: string, amount: string, currency: string, PaidOptions];

/** Adds the command that asks for a sample thing. */
export function addSampleThingCommand(program: Command): void {
  paidCommand(program, 'sample-thing', 'ask for a sample thing and wait for its end')
    // to fill: arguments for what it asks for beside its money
    .addHelpText('after', '\nExample:\n  $ npx holdfast sample-thing alice 4500 EUR')
    .action(async (...[account, amount, currency, asked]: Given) => {
      const body = { ...paidBody(account, amount, currency, asked) };
      await start(program, '/v1/sample-things', body, asked);
    });
}
