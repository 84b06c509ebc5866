import type { WorkflowStartOptions } from '@temporalio/client';
import {
  type Command,
  commands,
  type Envelope,
  formatMoney,
  type PaymentPayload,
  turnOf,
} from '../domain/index.js';
import { searchAttributesOf } from './search-attributes.js';

/** What Temporal keeps beside an operation, for those who ask it alone. */
export type OperationMemo = ReturnType<typeof memoOf>;

/** The workflow that carries this command out; throws RangeError when there is none. */
export function workflowOf(command: Command): string {
  const known = Object.values(commands).find(
    ({ domain, eventType }) => domain === command.domain && eventType === command.eventType,
  );
  if (known === undefined) {
    throw new RangeError(`no operation ${command.domain} ${command.eventType}`);
  }
  return known.workflow;
}

/** How an operation is started, the first time and again: under its id, and never twice at once. */
export function startOf(envelope: Envelope, taskQueue: string) {
  return {
    workflowId: envelope.opId,
    taskQueue,
    args: [envelope],
    // Its steps inherit it: where many wait, accounts take turns.
    priority: { fairnessKey: turnOf(envelope.tenant, accountOf(envelope.command)) },
    workflowIdConflictPolicy: 'FAIL',
    // With the worker's sticky time-out this bounds how long a dead worker is waited for.
    workflowTaskTimeout: '5s',
    typedSearchAttributes: searchAttributesOf(envelope.tenant, envelope.command),
    memo: memoOf(envelope),
    staticSummary: summaryOf(envelope.command),
  } satisfies WorkflowStartOptions;
}

function memoOf({ principal, command, digests }: Envelope) {
  const { domain, eventType, bizKey } = command;
  return { principal, domain, eventType, digests, ...(bizKey && { bizKey }) };
}

function accountOf({ payload }: Command): string {
  return (payload as { readonly account?: string }).account ?? '';
}

function summaryOf(command: Command): string {
  const { account, amount, currency } = command.payload as Partial<PaymentPayload>;
  const sum = amount === undefined || currency === undefined ? '' : formatMoney(amount, currency);
  return [command.eventType, sum, account].filter(Boolean).join(' · ');
}
