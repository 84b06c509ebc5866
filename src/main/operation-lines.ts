import { styleText } from 'node:util';
import { formatMoney, isCurrency } from '../domain/index.js';
import type { OperationBody } from './http-api.js';

/** An amount for people: `12.50 EUR`; the bare number when the currency is not one of ours. */
export function moneyText(amount: number, currency: string): string {
  return isCurrency(currency) ? formatMoney(amount, currency) : `${amount} ${currency}`;
}

/** How an operation stands, in one coloured word: its refusal, its phase, or its state. */
export function standing({ state, phase, outcome }: OperationBody): string {
  if (state === 'COMPLETED') return styleText('green', outcome?.kind ?? 'completed');
  if (state === 'FAILED') return styleText('red', outcome?.code ?? 'failed');
  return styleText('yellow', phase ?? state.toLowerCase());
}

/** The cells of one operation in a list. */
export function operationCells(one: OperationBody): string[] {
  const { opId, eventType, account, amount, currency } = one;
  const money = amount == null ? '' : moneyText(amount, currency ?? '');
  return [opId, eventType, standing(one), money, account ?? ''];
}

export const operationHeading = ['operation', 'what', 'stands', 'amount', 'account'] as const;
