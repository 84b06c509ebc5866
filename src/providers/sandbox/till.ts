import { randomBytes } from 'node:crypto';
import type { Currency } from '../../domain/index.js';
import { type Bend, bent } from './bend.js';
import {
  type Collection,
  createBook,
  moveView,
  type MoveView,
  type Page,
  payoutView,
  type PayoutView,
  type Position,
  type View,
} from './book.js';
import { type ChargeView, stateAt } from './charge-state.js';
import type { Effect, LedgerEntry, LedgerFile } from './ledger.js';
import { movedAmount, type MoveOrder, moveRefusal } from './moves.js';
import { createWrites, type Refused, refused } from './writes.js';

/** What a caller asks to be charged. */
export interface ChargeOrder {
  readonly reference: string;
  readonly amount: number;
  readonly currency: Currency;
  /** False authorises only. */
  readonly capture: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What a caller asks to be paid out. */
export interface PayoutOrder {
  readonly reference: string;
  readonly amount: number;
  readonly currency: Currency;
  readonly destination: string;
}

export interface Shown<One> {
  readonly kind: 'done';
  /** As it was when it was done, however late it is asked again. */
  readonly view: One;
  readonly replayed: boolean;
}

/** A charge, and what was just done to it under its own name. */
export type MovedView = ChargeView & { readonly [Kind in MoveOrder['kind']]?: MoveView };

/** All money of the sandbox: in memory, and each effect on the disk before anyone hears of it. */
export interface Till {
  charge(order: ChargeOrder, key: string, bend: Bend): Promise<Shown<ChargeView> | Refused>;
  /** `not-found` where there is no such charge. */
  move(order: MoveOrder, key: string, bend: Bend): Promise<Shown<MovedView> | Refused>;
  payOut(order: PayoutOrder, key: string, bend: Bend): Promise<Shown<PayoutView> | Refused>;
  /** Closes the reference for good and gives what stands there, without lag. */
  fence(reference: string): Promise<View[]>;
  /** Without lag. */
  byId(chargeId: string): ChargeView | undefined;
  /** As the book has it, `visibilityDelayMs` ago. */
  byReference(collection: Collection, reference: string): View[];
  /** As the book has it, `visibilityDelayMs` ago. */
  since(position: Position): Page;
  /** Moves the clock forward for good and gives the whole shift. */
  shiftClock(byMs: number): Promise<number>;
  now(): number;
}

export interface TillOptions {
  readonly visibilityDelayMs: number;
  /** How long an authorisation lasts. */
  readonly holdMs: number;
  /** Hears of every new effect, once it is on the disk. */
  readonly onEffect?: (effect: Effect, bend: Bend) => void;
}

/** The money that the entries tell of, each new effect appended to the ledger first. */
export function createTill(
  entries: readonly LedgerEntry[],
  ledger: LedgerFile,
  { visibilityDelayMs, holdMs, onEffect = () => undefined }: TillOptions,
): Till {
  let shiftMs = 0;
  for (const entry of entries) if (entry.type === 'clock') shiftMs = entry.shiftMs;
  const now = () => Date.now() + shiftMs;
  // Look-ups see the world as it was: all of it lags, so no later change overtakes an earlier one.
  const visibleAt = () => now() - visibilityDelayMs;
  const book = createBook();
  const writes = createWrites({ entries, ledger, book, now, onEffect });

  return {
    now,
    fence: (reference) => writes.fence(reference),

    async charge(order, key, bend) {
      const asked = { key, reference: order.reference, order: { charge: order }, bend };
      const done = await writes.write(asked, () => charged(order, bend, now(), holdMs));
      if (done.kind === 'refused') return done;
      const { charge } = done.effect;
      const { view } = stateAt({ charge, moves: [] }, charge.createdAt);
      return { kind: 'done', view, replayed: done.replayed };
    },

    async move(order, key, bend) {
      const file = book.file(order.chargeId);
      if (file === undefined) return refused('not-found');
      const asked = { key, reference: order.reference, order, bend };
      const done = await writes.write(asked, () => {
        const moment = now();
        const refusal = moveRefusal(order, file, moment);
        if (refusal !== undefined) return refused(refusal);
        // Nothing is kept of a move that is declined at once.
        if (bend.declineCode && bend.pendingMs === undefined) return refused(bend.declineCode);
        const { currency } = file.charge;
        const honest = { amount: movedAmount(order, file, moment), currency };
        return moved(order, bent(bend, honest, moment));
      });
      if (done.kind === 'refused') return done;
      const { move } = done.effect;
      const moves = file.moves.slice(0, file.moves.indexOf(move) + 1);
      const { view } = stateAt({ charge: file.charge, moves }, move.createdAt);
      const told = { ...view, [move.kind]: moveView(move, move.createdAt) };
      return { kind: 'done', view: told, replayed: done.replayed };
    },

    async payOut(order, key, bend) {
      const asked = { key, reference: order.reference, order: { payout: order }, bend };
      const done = await writes.write(asked, () => ({
        type: 'payout',
        payout: { id: idOf('po'), ...order, ...bent(bend, order, now()) },
      }));
      if (done.kind === 'refused') return done;
      const { payout } = done.effect;
      return { kind: 'done', view: payoutView(payout, payout.createdAt), replayed: done.replayed };
    },

    byId: (chargeId) => book.byId(chargeId, now()),
    byReference: (collection, reference) => book.byReference(collection, reference, visibleAt()),
    since: (position) => book.since(position, visibleAt()),

    async shiftClock(byMs) {
      shiftMs += byMs;
      await ledger.append({ type: 'clock', shiftMs });
      return shiftMs;
    },
  };
}

function charged(order: ChargeOrder, bend: Bend, createdAt: number, holdMs: number) {
  const { capture, ...rest } = order;
  const taken = capture ? 'captured' : 'authorized';
  const decided = bend.declineCode === undefined ? taken : 'declined';
  return {
    type: 'charge',
    charge: {
      id: idOf('ch'),
      ...rest,
      ...bent(bend, order, createdAt),
      decided,
      ...(decided === 'authorized' && { expiresAt: createdAt + holdMs }),
    },
  } as const;
}

const idPrefixes = { capture: 'cap', void: 'vd', refund: 're' } as const;

function moved({ kind, reference, chargeId, final }: MoveOrder, rest: ReturnType<typeof bent>) {
  const id = idOf(idPrefixes[kind]);
  const move = { kind, id, reference, chargeId, ...rest, ...(final && { final }) };
  return { type: 'move', move } as const;
}

function idOf(prefix: string): string {
  return `${prefix}_${randomBytes(12).toString('hex')}`;
}
