import {
  defineSearchAttributeKey,
  type SearchAttributePair,
  SearchAttributeType,
} from '@temporalio/common';
import type { Command } from '../domain/index.js';

// What a list in the Web UI can be filtered by. In clear: ids, enums and amounts only.
const tenant = defineSearchAttributeKey('tenant', SearchAttributeType.KEYWORD);
const operationType = defineSearchAttributeKey('operationType', SearchAttributeType.KEYWORD);
const account = defineSearchAttributeKey('account', SearchAttributeType.KEYWORD);
const currency = defineSearchAttributeKey('currency', SearchAttributeType.KEYWORD);
const amount = defineSearchAttributeKey('amount', SearchAttributeType.INT);

/** The search attributes of an operation, set once at its start. */
export function searchAttributesOf(of: string, command: Command): SearchAttributePair[] {
  const payload = command.payload as { account?: string; currency?: string; amount?: number };
  return [
    { key: tenant, value: of },
    { key: operationType, value: command.eventType },
    ...(payload.account === undefined ? [] : [{ key: account, value: payload.account }]),
    ...(payload.currency === undefined ? [] : [{ key: currency, value: payload.currency }]),
    ...(payload.amount === undefined ? [] : [{ key: amount, value: payload.amount }]),
  ];
}
