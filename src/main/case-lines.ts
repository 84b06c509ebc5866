import { styleText } from 'node:util';
import type { CaseBody } from './http-api.js';
import { moneyText } from './operation-lines.js';
import { textTable } from './text-table.js';

/** What `case list` answers. */
export interface CasePage {
  readonly data: readonly CaseBody[];
  readonly next?: string | null;
}

/** A page of cases for people. */
export function casesText({ data, next }: CasePage): string {
  const rows = data.map((one) => [one.id, one.kind, one.state, atRisk(one), one.opId, one.reason]);
  const heading = ['case', 'kind', 'stands', 'at risk', 'operation', 'reason'];
  return [
    data.length === 0 ? 'No cases.' : textTable(heading, rows, ['at risk']),
    ...(next === undefined || next === null ? [] : [`More: --cursor ${next}`]),
  ].join('\n');
}

/** One case for people: what it is about, what to do, who said what. */
export function caseText(one: CaseBody): string {
  const ended =
    one.endedBy === undefined ? [] : [['ended by', `${one.endedBy} (${one.note ?? ''})`]];
  const rows = [
    ['case', one.id],
    ['operation', one.opId],
    ['stands', `${one.state} (${one.kind})`],
    ['at risk', styleText('bold', atRisk(one))],
    ['reason', one.reason],
    ...(one.state === 'ended' ? ended : [['what to do', one.advice]]),
    ...one.approvals.map((by) => ['approved', `${by.action} by ${by.principal}: ${by.reason}`]),
    ...(one.evidence.attempts ?? []).map(({ reference, sentAt, outcome }) => [
      'attempt',
      `${reference} sent ${sentAt}: ${outcome?.kind ?? 'outcome unknown'}`,
    ]),
  ];
  return textTable(['', ''], rows).split('\n').slice(1).join('\n');
}

function atRisk({ amountAtRisk, currency }: CaseBody): string {
  return currency === undefined ? `${amountAtRisk}` : moneyText(amountAtRisk, currency);
}
