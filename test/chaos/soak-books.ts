import { type OpId, unreachable } from '../../src/domain/index.js';
import type { readSandboxLedger } from '../../src/providers/sandbox/index.js';
import { grouped } from './soak-figures.js';

type LedgerEntry = Awaited<ReturnType<typeof readSandboxLedger>>[number];

/** An operation as our ledger has it. */
export interface Booked {
  readonly opId: OpId;
  readonly domain: string;
  readonly state: string;
  readonly phase: string | null;
  /** What it moved; null where it did not. */
  readonly minor: number | null;
  readonly method: string | null;
  /** The operation that it came after. */
  readonly parent: OpId | null;
}

/** What the provider did once, for an operation. */
interface Effect {
  readonly opId: string;
  readonly step: string;
  readonly kind: 'taken' | 'returned' | 'sent' | 'other';
  readonly amount: number;
}

/**
 * Where the provider's own ledger and ours do not agree: a step that acted twice, money of an
 * operation that moved at one of them only, an effect that no operation asked for. What is in front
 * of a person may be anything, once.
 */
export function disagreements(
  operations: readonly Booked[],
  entries: readonly LedgerEntry[],
): readonly string[] {
  const effects = entries.flatMap(effectsOf);
  const known = new Set<string>(operations.map(({ opId }) => opId));
  const strange = effects.filter(({ opId }) => !known.has(opId));
  const often = [...grouped(effects, ({ opId, step }) => `${opId}:${step}`)].filter(
    ([, done]) => done.length > 1,
  );
  const byOperation = grouped(effects, ({ opId }) => opId);
  const byParent = grouped(operations, ({ parent }) => parent ?? '');
  return [
    ...often.map(([step, done]) => `${step} acted ${done.length} times at the provider`),
    ...strange.map(({ opId, step }) => `the provider did ${step} of ${opId}, which we do not have`),
    ...operations.flatMap((one) => {
      const afterwards = byParent.get(one.opId) ?? [];
      return disagreement(one, {
        own: byOperation.get(one.opId) ?? [],
        later: afterwards.flatMap(({ opId }) => byOperation.get(opId) ?? []),
      });
    }),
  ];
}

function disagreement(
  { opId, domain, state, phase, minor, method }: Booked,
  { own, later }: { readonly own: readonly Effect[]; readonly later: readonly Effect[] },
): readonly string[] {
  if (phase === 'parked') return [];
  const moved = state === 'COMPLETED' ? (minor ?? 0) : 0;
  const differ = (what: string, there: number, here: number) =>
    there === here ? [] : [`${opId}: the provider ${what} ${there}, our ledger says ${here}`];
  switch (domain) {
    case 'Payment':
    case 'Ride': {
      const taken = sum(own, 'taken');
      if (state === 'COMPLETED') return differ('took', taken, method === 'balance' ? 0 : moved);
      return differ('kept', taken - sum(later, 'returned'), 0);
    }
    case 'Refund':
      return differ('gave back', sum(own, 'returned'), moved);
    case 'Payout':
      return differ('sent', sum(own, 'sent'), moved);
    default:
      return [];
  }
}

function sum(effects: readonly Effect[], kind: Effect['kind']): number {
  return effects.reduce((all, one) => (one.kind === kind ? all + one.amount : all), 0);
}

function effectsOf(entry: LedgerEntry): readonly Effect[] {
  const effect = (
    { reference, amount, declineCode }: Named,
    kind: Effect['kind'],
  ): readonly Effect[] => {
    const [opId = '', step = ''] = reference.split(':');
    return declineCode === undefined ? [{ opId, step, kind, amount }] : [];
  };
  switch (entry.type) {
    case 'charge':
      return entry.charge.decided === 'declined'
        ? []
        : effect(entry.charge, entry.charge.decided === 'captured' ? 'taken' : 'other');
    case 'move':
      return effect(entry.move, kinds[entry.move.kind]);
    case 'payout':
      return effect(entry.payout, 'sent');
    case 'fence':
    case 'clock':
      return [];
    default:
      return unreachable(entry);
  }
}

interface Named {
  readonly reference: string;
  readonly amount: number;
  readonly declineCode?: string;
}

const kinds = { capture: 'taken', refund: 'returned', void: 'other' } as const;
