import { styleText } from 'node:util';
import type { BalanceBody, OperationBody, ProblemBody } from './http-api.js';
import { moneyText, operationCells, operationHeading, standing } from './operation-lines.js';
import { textTable } from './text-table.js';

/** What `ops list` answers. */
export interface OperationPage {
  readonly data: readonly OperationBody[];
  readonly next?: string | null;
  readonly totalCount?: number;
}

/** A page of operations for people. */
export function pageText({ data, next, totalCount }: OperationPage): string {
  const rows = data.map((one) => [...operationCells(one), moment(one.acceptedAt)]);
  const table = textTable([...operationHeading, 'accepted'], rows, ['amount']);
  return [
    data.length === 0 ? 'No operations.' : table,
    ...(totalCount === undefined ? [] : [`${totalCount} in all.`]),
    ...(next === undefined || next === null ? [] : [`More: --cursor ${next}`]),
  ].join('\n');
}

/** What `ops history` answers. */
export interface HistoryPage {
  readonly data: readonly {
    readonly at: string;
    readonly step: string;
    readonly result: string;
    readonly amount?: number;
    readonly currency?: string;
    readonly code?: string;
    readonly phase?: string;
    readonly reason?: string;
    readonly reference?: string;
    readonly evidence?: { readonly kind: string; readonly declineCode?: string };
  }[];
  readonly next: string | null;
}

/** A history for people. */
export function historyText({ data, next }: HistoryPage): string {
  const rows = data.map(({ at, step, result, code, phase, amount, currency, ...more }) => {
    const why = more.reason ?? code ?? more.reference ?? '';
    const proof = more.evidence?.declineCode ?? more.evidence?.kind ?? '';
    const money = amount === undefined ? '' : moneyText(amount, currency ?? '').trim();
    return [
      moment(at),
      step.startsWith('phase.') ? 'phase' : step,
      phase ?? result,
      money,
      proof,
      why,
    ];
  });
  const heading = ['at', 'step', 'result', 'amount', 'proof', 'about'];
  return [
    data.length === 0 ? 'Nothing was decided yet.' : textTable(heading, rows, ['amount']),
    ...(next === null ? [] : [`More: --cursor ${next}`]),
  ].join('\n');
}

/** One operation for people. */
export function operationText(one: OperationBody): string {
  const { opId, domain, eventType, bizKey, state, account, amount, currency } = one;
  return fields([
    ['operation', opId],
    ['what', `${domain} ${eventType}`],
    ['stands', `${standing(one)} (${state})`],
    ['amount', amount == null ? undefined : moneyText(amount, currency ?? '')],
    ['channel', one.outcome?.channel],
    ['account', account ?? undefined],
    ['business key', bizKey === opId ? undefined : bizKey],
    ['accepted', moment(one.acceptedAt)],
    ['updated', moment(one.updatedAt)],
    ['version', `${one.version}`],
  ]);
}

/** A balance for people. */
export function balanceText({ id, currency, version, at, ...sums }: BalanceBody): string {
  return fields([
    ['account', id],
    ['posted', moneyText(sums.posted, currency)],
    ['held', moneyText(sums.held, currency)],
    ['available', styleText('bold', moneyText(sums.available, currency))],
    ['version', `${version}`],
    ['at', at],
  ]);
}

/** A problem for people, on stderr. */
export function problemText({ title, code, detail, differs, errors }: ProblemBody): string {
  return [
    `${styleText('red', title)} (${code})`,
    ...(detail === undefined ? [] : [detail]),
    ...(differs === undefined ? [] : [`It differs in ${differs.join(', ')}.`]),
    ...(errors ?? []).map(({ path, code: fault }) => `  ${path || 'body'}: ${fault}`),
  ].join('\n');
}

function fields(rows: readonly (readonly [string, string | undefined])[]): string {
  const there = rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
  return textTable(['', ''], there).split('\n').slice(1).join('\n');
}

function moment(text: string): string {
  return text.replace('T', ' ').replace(/\.\d+/, '');
}
