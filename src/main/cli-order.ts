import type { Command } from 'commander';
import { json, minorOf } from './cli-calls.js';
import { keyOption, type Started, start, waitOption } from './cli-payments.js';

interface OrderOptions extends Started {
  readonly to?: string;
  readonly bizKey?: string;
}

/** Adds the command that asks for an order. */
export function addOrderCommand(program: Command): void {
  program
    .command('order')
    .summary('ask for an order and wait for its end')
    .argument('<account>')
    .argument('<amount>', 'whole minor units')
    .argument('<currency>', 'EUR, USD, JPY ...')
    .argument('<items...>', 'each as SKU:QUANTITY')
    .option('--to <account>', 'who receives; the merchant account of the tenant when left out')
    .option('--biz-key <key>', 'names the business thing')
    .addOption(keyOption())
    .addOption(waitOption())
    .addOption(json())
    .addHelpText('after', '\nExample:\n  $ npx holdfast order alice 4500 EUR mug:2 tea:1')
    .action(
      async (
        account: string,
        amount: string,
        currency: string,
        items: readonly string[],
        asked: OrderOptions,
      ) => {
        const { to: payTo, bizKey } = asked;
        const body = { account, amount: minorOf(amount), currency, payTo, bizKey };
        await start(program, '/v1/orders', { ...body, items: items.map(lineOf) }, asked);
      },
    );
}

function lineOf(item: string) {
  const [sku = '', quantity = ''] = item.split(':');
  return { sku, quantity: minorOf(quantity) };
}
