import type { Command } from 'commander';
import { minorOf } from './cli-calls.js';
import { paidBody, paidCommand, type PaidOptions } from './cli-paid.js';
import { start } from './cli-start.js';

type Given = [account: string, amount: string, currency: string, items: string[], PaidOptions];

/** Adds the command that asks for an order. */
export function addOrderCommand(program: Command): void {
  paidCommand(program, 'order', 'ask for an order and wait for its end')
    .argument('<items...>', 'each as SKU:QUANTITY')
    .addHelpText('after', '\nExample:\n  $ npx holdfast order alice 4500 EUR mug:2 tea:1')
    .action(async (...[account, amount, currency, items, asked]: Given) => {
      const body = { ...paidBody(account, amount, currency, asked), items: items.map(lineOf) };
      await start(program, '/v1/orders', body, asked);
    });
}

function lineOf(item: string) {
  const [sku = '', quantity = ''] = item.split(':');
  return { sku, quantity: minorOf(quantity) };
}
