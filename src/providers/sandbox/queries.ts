import type { Position } from './book.js';

/** A whole reference, or the beginning of one up to a colon. */
export function isReference(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9._:-]{1,255}$/.test(text);
}

/** Epoch milliseconds, RFC 3339, or the `next` of the page before. */
export function positionOf(since: unknown): Position | undefined {
  if (typeof since !== 'string') return undefined;
  const [, changedAt, index = '0'] = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(since) ?? [];
  if (changedAt !== undefined) return { changedAt: Number(changedAt), index: Number(index) };
  const isMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i.test(since);
  const moment = isMoment ? Date.parse(since) : Number.NaN;
  return Number.isNaN(moment) ? undefined : { changedAt: moment, index: 0 };
}
