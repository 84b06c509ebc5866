import type { Currency } from '../../domain/index.js';
import { type AppendOnlyFile, openAppendOnly, readAppendOnly } from './append-only.js';

/** A charge as it was decided; when it shows the decision is `pendingUntil`'s business. */
export interface Charge {
  readonly id: string;
  readonly reference: string;
  readonly amount: number;
  readonly currency: Currency;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Epoch milliseconds of the sandbox's clock, as every moment here. */
  readonly createdAt: number;
  readonly decided: 'captured' | 'authorized' | 'declined';
  readonly declineCode?: string;
  readonly pendingUntil?: number;
  /** When what is authorised and not captured goes back by itself. */
  readonly expiresAt?: number;
}

/** Something done to a charge. It fails where it has a `declineCode`. */
export interface Move {
  readonly kind: 'capture' | 'void' | 'refund';
  readonly id: string;
  readonly reference: string;
  readonly chargeId: string;
  /** Of a void, what it let go. */
  readonly amount: number;
  readonly currency: Currency;
  readonly createdAt: number;
  /** Of a capture: what is left goes back. */
  readonly final?: true;
  readonly declineCode?: string;
  readonly pendingUntil?: number;
}

/** Money sent out. It fails where it has a `declineCode`. */
export interface Payout {
  readonly id: string;
  readonly reference: string;
  readonly amount: number;
  readonly currency: Currency;
  readonly destination: string;
  readonly createdAt: number;
  readonly declineCode?: string;
  readonly pendingUntil?: number;
}

/** One effect of the provider. */
export type Effect =
  | { readonly type: 'charge'; readonly charge: Charge }
  | { readonly type: 'move'; readonly move: Move }
  | { readonly type: 'payout'; readonly payout: Payout };

/** One line of the ledger file. */
export type LedgerEntry =
  | (Effect & {
      /** Absent when the provider forgot it (fault `drop-keys`). */
      readonly key?: string;
      readonly fingerprint: string;
    })
  | { readonly type: 'fence'; readonly reference: string; readonly fencedAt: number }
  | { readonly type: 'clock'; readonly shiftMs: number };

const entryTypes: readonly unknown[] = [
  'charge',
  'move',
  'payout',
  'fence',
  'clock',
] satisfies LedgerEntry['type'][];

export type LedgerFile = AppendOnlyFile<LedgerEntry>;

function isLedgerEntry(given: unknown): given is LedgerEntry {
  return entryTypes.includes((given as LedgerEntry | null | undefined)?.type);
}

/** Every entry of a sandbox's ledger file; see `readAppendOnly`. */
export function readSandboxLedger(file: string): Promise<LedgerEntry[]> {
  return readAppendOnly(file, isLedgerEntry);
}

/** Opens a sandbox's ledger file; see `openAppendOnly`. */
export function openLedgerFile(
  file: string,
): Promise<{ readonly entries: LedgerEntry[]; readonly ledger: LedgerFile }> {
  return openAppendOnly(file, isLedgerEntry);
}
