import type { Currency } from '../../domain/index.js';
import type { Charge } from './ledger.js';

/** A charge as the protocol shows it. Moments are epoch milliseconds of the sandbox's clock. */
export interface ChargeView {
  readonly id: string;
  readonly reference: string;
  readonly status: 'captured' | 'declined' | 'pending';
  /** Whole minor units, as the next two. */
  readonly amount: number;
  readonly currency: Currency;
  readonly capturedAmount: number;
  readonly refundedAmount: number;
  readonly declineCode?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly changedAt: number;
}

/** A place in the order of changes; `index` tells charges of one millisecond apart. */
export interface Position {
  readonly changedAt: number;
  readonly index: number;
}

/** The charges in memory, and how they stood at any moment. */
export interface Book {
  add(charge: Charge): void;
  byId(id: string, moment: number): ChargeView | undefined;
  /** Charges of exactly this reference, or of every reference below it (`opId`), oldest first. */
  byReference(reference: string, moment: number): ChargeView[];
  /** At most 100 charges changed at or after the position, in order of last change. */
  since(position: Position, moment: number): Page;
}

export interface Page {
  readonly data: ChargeView[];
  /** Where the next page begins; null after the last. */
  readonly next: Position | null;
}

const pageSizeMax = 100;

/** An empty book. */
export function createBook(): Book {
  const all: Charge[] = [];
  const byId = new Map<string, Charge>();
  const byOperation = new Map<string, Charge[]>();

  return {
    add(charge) {
      all.push(charge);
      byId.set(charge.id, charge);
      const operation = operationOf(charge.reference);
      const siblings = byOperation.get(operation);
      if (siblings === undefined) byOperation.set(operation, [charge]);
      else siblings.push(charge);
    },

    byId(id, moment) {
      const charge = byId.get(id);
      return charge && viewAt(charge, moment);
    },

    byReference: (reference, moment) =>
      (byOperation.get(operationOf(reference)) ?? [])
        .filter((charge) => `${charge.reference}:`.startsWith(`${reference}:`))
        .filter((charge) => charge.createdAt <= moment)
        .map((charge) => viewAt(charge, moment)),

    since(position, moment) {
      const changed = all
        .map((charge, index) => ({ view: viewAt(charge, moment), index }))
        .filter(({ view }) => view.changedAt <= moment)
        .filter(({ view, index }) => isAtOrAfter(view.changedAt, index, position))
        .sort((a, b) => a.view.changedAt - b.view.changedAt || a.index - b.index);
      const data = changed.slice(0, pageSizeMax).map(({ view }) => view);
      const beyond = changed[pageSizeMax];
      const next = beyond ? { changedAt: beyond.view.changedAt, index: beyond.index } : null;
      return { data, next };
    },
  };
}

/** The charge as it stands at a moment not before its creation: time alone ends a pending one. */
export function viewAt(charge: Charge, moment: number): ChargeView {
  const { decided: status, declineCode, pendingUntil, ...rest } = charge;
  if (pendingUntil !== undefined && moment < pendingUntil) {
    const changedAt = charge.createdAt;
    return { ...rest, status: 'pending', capturedAmount: 0, refundedAmount: 0, changedAt };
  }
  return {
    ...rest,
    status,
    capturedAmount: status === 'captured' ? charge.amount : 0,
    refundedAmount: 0,
    ...(declineCode !== undefined && { declineCode }),
    changedAt: pendingUntil ?? charge.createdAt,
  };
}

function isAtOrAfter(changedAt: number, index: number, position: Position): boolean {
  return changedAt === position.changedAt
    ? index >= position.index
    : changedAt > position.changedAt;
}

function operationOf(reference: string): string {
  return reference.slice(0, `${reference}:`.indexOf(':'));
}
