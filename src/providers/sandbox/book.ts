import type { Currency } from '../../domain/index.js';
import { type ChargeFile, type ChargeState, type ChargeView, stateAt } from './charge-state.js';
import type { Charge, Effect, Move, Payout } from './ledger.js';

/** The lists that can be looked up by reference. */
export const collections = ['charges', 'captures', 'refunds', 'voids', 'payouts'] as const;
export type Collection = (typeof collections)[number];

/** A capture, void or refund as the protocol shows it. */
export interface MoveView {
  readonly id: string;
  readonly reference: string;
  readonly chargeId: string;
  readonly amount: number;
  readonly currency: Currency;
  readonly status: 'succeeded' | 'pending' | 'failed';
  readonly declineCode?: string;
  readonly createdAt: number;
}

/** A payout as the protocol shows it. */
export interface PayoutView {
  readonly id: string;
  readonly reference: string;
  readonly status: 'paid' | 'pending' | 'failed';
  readonly amount: number;
  readonly currency: Currency;
  readonly destination: string;
  readonly declineCode?: string;
  readonly createdAt: number;
}

export type View = ChargeView | MoveView | PayoutView;

/** A place in the order of changes; `index` tells charges of one millisecond apart. */
export interface Position {
  readonly changedAt: number;
  readonly index: number;
}

export interface Page {
  readonly data: ChargeView[];
  /** Where the next page begins; null after the last. */
  readonly next: Position | null;
}

/** Everything that happened, in memory, and how it stood at any moment. */
export interface Book {
  /** Decisions count the effect from now on; nobody is shown it before it is `written`. */
  add(effect: Effect): void;
  written(effect: Effect): void;
  /** A charge with all its moves, those on their way to the disk included: to decide with. */
  file(chargeId: string): ChargeFile | undefined;
  /** All that carries exactly this reference, what is on its way to the disk included. */
  standing(reference: string, moment: number): View[];
  byId(chargeId: string, moment: number): ChargeView | undefined;
  /** What has exactly this reference, or any reference below it (`opId`), oldest first. */
  byReference(collection: Collection, reference: string, moment: number): View[];
  /** At most 100 charges changed at or after the position, in order of last change. */
  since(position: Position, moment: number): Page;
}

interface Kept {
  readonly effect: Effect;
  readonly reference: string;
  readonly collection: Collection;
  readonly createdAt: number;
}

const pageSizeMax = 100;
const collectionOf = { capture: 'captures', void: 'voids', refund: 'refunds' } as const;

/** An empty book. */
export function createBook(): Book {
  const files = new Map<string, { charge: Charge; moves: Move[] }>();
  const byOperation = new Map<string, Kept[]>();
  const unwritten = new Set<object>();

  const isWritten = (item: object) => !unwritten.has(item);
  function shown({ charge, moves }: ChargeFile, moment: number): ChargeState {
    return stateAt({ charge, moves: moves.filter(isWritten) }, moment);
  }
  function viewOf(effect: Effect, moment: number): View {
    if (effect.type === 'move') return moveView(effect.move, moment);
    if (effect.type === 'payout') return payoutView(effect.payout, moment);
    return shown(files.get(effect.charge.id) ?? { charge: effect.charge, moves: [] }, moment).view;
  }
  const at = (reference: string) => byOperation.get(operationOf(reference)) ?? [];

  return {
    add(effect) {
      unwritten.add(itemOf(effect));
      if (effect.type === 'charge') {
        files.set(effect.charge.id, { charge: effect.charge, moves: [] });
      } else if (effect.type === 'move') files.get(effect.move.chargeId)?.moves.push(effect.move);
      const kept = keptOf(effect);
      const operation = operationOf(kept.reference);
      const siblings = byOperation.get(operation);
      if (siblings === undefined) byOperation.set(operation, [kept]);
      else siblings.push(kept);
    },
    written: (effect) => void unwritten.delete(itemOf(effect)),
    file: (chargeId) => files.get(chargeId),

    standing: (reference, moment) =>
      at(reference)
        .filter((kept) => kept.reference === reference)
        .map(({ effect }) => viewOf(effect, moment)),

    byId(chargeId, moment) {
      const file = files.get(chargeId);
      return file && isWritten(file.charge) ? shown(file, moment).view : undefined;
    },

    byReference: (collection, reference, moment) =>
      at(reference)
        .filter((kept) => kept.collection === collection)
        .filter((kept) => `${kept.reference}:`.startsWith(`${reference}:`))
        .filter(({ createdAt, effect }) => createdAt <= moment && isWritten(itemOf(effect)))
        .map(({ effect }) => viewOf(effect, moment)),

    since(position, moment) {
      const changed = [...files.values()]
        .map((file, index) => ({ file, index }))
        .filter(({ file: { charge } }) => charge.createdAt <= moment && isWritten(charge))
        .map(({ file, index }) => ({ view: shown(file, moment).view, index }))
        .filter(({ view, index }) => isAtOrAfter(view.changedAt, index, position))
        .sort((a, b) => a.view.changedAt - b.view.changedAt || a.index - b.index);
      const data = changed.slice(0, pageSizeMax).map(({ view }) => view);
      const beyond = changed[pageSizeMax];
      const next = beyond ? { changedAt: beyond.view.changedAt, index: beyond.index } : null;
      return { data, next };
    },
  };
}

/** A capture, void or refund as it stands at the moment. */
export function moveView(move: Move, moment: number): MoveView {
  const { kind: _kind, final: _final, pendingUntil, declineCode, ...shown } = move;
  if (isPending(pendingUntil, moment)) return { ...shown, status: 'pending' };
  return declineCode === undefined
    ? { ...shown, status: 'succeeded' }
    : { ...shown, status: 'failed', declineCode };
}

/** A payout as it stands at the moment. */
export function payoutView(payout: Payout, moment: number): PayoutView {
  const { pendingUntil, declineCode, ...shown } = payout;
  if (isPending(pendingUntil, moment)) return { ...shown, status: 'pending' };
  return declineCode === undefined
    ? { ...shown, status: 'paid' }
    : { ...shown, status: 'failed', declineCode };
}

function isPending(pendingUntil: number | undefined, moment: number): boolean {
  return pendingUntil !== undefined && moment < pendingUntil;
}

function keptOf(effect: Effect): Kept {
  const { reference, createdAt } = itemOf(effect);
  const collection =
    effect.type === 'move'
      ? collectionOf[effect.move.kind]
      : effect.type === 'charge'
        ? 'charges'
        : 'payouts';
  return { effect, reference, collection, createdAt };
}

function itemOf(effect: Effect): Charge | Move | Payout {
  if (effect.type === 'charge') return effect.charge;
  return effect.type === 'move' ? effect.move : effect.payout;
}

function isAtOrAfter(changedAt: number, index: number, position: Position): boolean {
  return changedAt === position.changedAt
    ? index >= position.index
    : changedAt > position.changedAt;
}

function operationOf(reference: string): string {
  return reference.slice(0, `${reference}:`.indexOf(':'));
}
