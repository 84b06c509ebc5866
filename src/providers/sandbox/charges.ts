import { createHash, randomBytes } from 'node:crypto';
import type { Currency } from '../../domain/index.js';
import { type ChargeView, createBook, type Page, type Position, viewAt } from './book.js';
import type { Charge, LedgerEntry, LedgerFile } from './ledger.js';

/** What a caller asks to be charged. */
export interface ChargeOrder {
  readonly reference: string;
  readonly amount: number;
  readonly currency: Currency;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** How a fault bends one charge; empty for an honest one. */
export interface Bend {
  readonly declineCode?: string;
  readonly amount?: number;
  readonly currency?: Currency;
  readonly pendingMs?: number;
  readonly forgetsKey?: boolean;
}

/** All charges of the sandbox: in memory, and each in the ledger file before anyone hears of it. */
export interface Charges {
  /** Charges once per key: the first answer again for the same order, `undefined` for another. */
  charge(
    order: ChargeOrder,
    key: string,
    bend: Bend,
  ): Promise<{ readonly view: ChargeView; readonly replayed: boolean } | undefined>;
  byId(id: string): ChargeView | undefined;
  /** As the book has it, `visibilityDelayMs` ago. */
  byReference(reference: string): ChargeView[];
  /** As the book has it, `visibilityDelayMs` ago. */
  since(position: Position): Page;
  /** Moves the clock forward for good and gives the whole shift. */
  shiftClock(byMs: number): Promise<number>;
  now(): number;
}

/** The charges that the entries tell of, each new one appended to the ledger first. */
export function createCharges(
  entries: readonly LedgerEntry[],
  ledger: LedgerFile,
  visibilityDelayMs: number,
): Charges {
  const book = createBook();
  const byKey = new Map<string, { fingerprint: string; recorded: Promise<Charge> }>();
  let shiftMs = 0;

  for (const entry of entries) {
    if (entry.type === 'clock') shiftMs = entry.shiftMs;
    else {
      const { key, fingerprint, charge } = entry;
      if (key !== undefined) byKey.set(key, { fingerprint, recorded: Promise.resolve(charge) });
      book.add(charge);
    }
  }

  async function record(entry: LedgerEntry & { type: 'charge' }): Promise<Charge> {
    await ledger.append(entry);
    book.add(entry.charge);
    return entry.charge;
  }

  const now = () => Date.now() + shiftMs;
  // Look-ups see the world as it was: all of it lags, so no later change overtakes an earlier one.
  const visibleAt = () => now() - visibilityDelayMs;

  return {
    now,

    async charge(order, key, bend) {
      const fingerprint = fingerprintOf(order);
      const known = bend.forgetsKey ? undefined : byKey.get(key);
      if (known !== undefined) {
        if (known.fingerprint !== fingerprint) return undefined;
        const charge = await known.recorded;
        return { view: viewAt(charge, charge.createdAt), replayed: true };
      }
      const charge = decided(order, bend, now());
      if (bend.forgetsKey) {
        await record({ type: 'charge', fingerprint, charge });
      } else {
        const recorded = record({ type: 'charge', key, fingerprint, charge });
        byKey.set(key, { fingerprint, recorded });
        await recorded;
      }
      return { view: viewAt(charge, charge.createdAt), replayed: false };
    },

    byId: (id) => book.byId(id, now()),
    byReference: (reference) => book.byReference(reference, visibleAt()),
    since: (position) => book.since(position, visibleAt()),

    async shiftClock(byMs) {
      shiftMs += byMs;
      await ledger.append({ type: 'clock', shiftMs });
      return shiftMs;
    },
  };
}

function decided(order: ChargeOrder, bend: Bend, createdAt: number): Charge {
  const { amount, currency, declineCode, pendingMs } = bend;
  return {
    id: `ch_${randomBytes(12).toString('hex')}`,
    ...order,
    ...(amount !== undefined && { amount }),
    ...(currency !== undefined && { currency }),
    createdAt,
    decided: declineCode === undefined ? 'captured' : 'declined',
    ...(declineCode !== undefined && { declineCode }),
    ...(pendingMs !== undefined && { pendingUntil: createdAt + pendingMs }),
  };
}

function fingerprintOf({ reference, amount, currency, metadata = {} }: ChargeOrder): string {
  const sorted = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  const whole = JSON.stringify([reference, amount, currency, sorted]);
  return createHash('sha256').update(whole).digest('hex');
}
