import type { Command } from 'commander';
import { json, minorOf } from './cli-calls.js';
import { keyOption, type Started, waitOption } from './cli-start.js';

export interface PaidOptions extends Started {
  readonly to?: string;
  readonly bizKey?: string;
}

/** A command that asks for an operation which takes its money in a payment. */
export function paidCommand(program: Command, name: string, summary: string): Command {
  return program
    .command(name)
    .summary(summary)
    .argument('<account>')
    .argument('<amount>', 'whole minor units')
    .argument('<currency>', 'EUR, USD, JPY ...')
    .option('--to <account>', 'who receives; the merchant account of the tenant when left out')
    .option('--biz-key <key>', 'names the business thing')
    .addOption(keyOption())
    .addOption(waitOption())
    .addOption(json());
}

/** The money that it asks for, as the gateway takes it. */
export function paidBody(
  account: string,
  amount: string,
  currency: string,
  { to: payTo, bizKey }: PaidOptions,
): object {
  return { account, amount: minorOf(amount), currency, payTo, bizKey };
}
