import type { Authorized, Captured, OpId } from '../domain/index.js';
import type {
  FindingAlert,
  Findings,
  KnownCharge,
  ReadKnownCharges,
  SeenFinding,
} from '../ledger/index.js';
import type { ListedCharge, PaymentProvider } from '../providers/provider.js';
import { compareProvider, doublesOf } from './compare-provider.js';

/** A page of it, and where the next begins; null after the last. */
export interface Compared {
  readonly seen: number;
  readonly found: number;
  readonly next: number | null;
}

export interface ProviderSweepDeps {
  readonly provider: Pick<PaymentProvider, 'profile' | 'since'>;
  readonly known: ReadKnownCharges;
  readonly findings: Findings;
  /** Starts the operation that gives it back, once per evidence; false when a person must. */
  readonly giveBack: (
    ended: { readonly tenant: string; readonly opId: OpId },
    evidence: Captured | Authorized,
  ) => Promise<boolean>;
  /** Told of what nobody can explain, once each. */
  readonly onAlert: (alert: FindingAlert) => void;
  /** Told of what could not be done or read; the next sweep meets it again. */
  readonly onTrouble: (trouble: { readonly reason: string; readonly error?: unknown }) => void;
  /** What happened to an operation so long ago is told by now on both sides; 10 s by default. */
  readonly quietMs?: number;
  /** How long a finding lasts before somebody is woken; 60 s by default. */
  readonly sustainedMs?: number;
}

/** The provider's charges against the ledger's. Nothing here moves money or touches a workflow. */
export interface ProviderSweep {
  /** The next page of the provider's list, from where the last one ended; `page` counts them. */
  charges(sweep: string, page: number): Promise<Compared>;
  /** Open findings after the row `after`, 0 for the first: as they stand in the ledger now. */
  findings(sweep: string, after: number): Promise<Compared>;
}

const findingsMax = 100;

/** The comparison over what it is given. */
export function createProviderSweep(deps: ProviderSweepDeps): ProviderSweep {
  const { provider, findings, onAlert, onTrouble } = deps;
  const { quietMs = 10_000, sustainedMs = 60_000 } = deps;

  async function compared(
    sweep: string,
    listed: readonly ListedCharge[],
    doubles: readonly ListedCharge[],
  ): Promise<number> {
    if (listed.length === 0) return 0;
    const charges = [...new Map(listed.map((charge) => [charge.chargeId, charge])).values()];
    const rows = await deps.known(charges, quietMs);
    const of = new Map(rows.map((row) => [row.seenId, row]));
    const seen: SeenFinding[] = [];
    for (const charge of charges) {
      const found = await judged(deps, charge, of.get(charge.chargeId), doubles.includes(charge));
      if (found !== undefined) seen.push(found);
    }
    const looked = charges.map(({ chargeId }) => chargeId);
    for (const alert of await findings.see(sweep, looked, seen, sustainedMs)) onAlert(alert);
    return seen.length;
  }

  return {
    charges: async (sweep, page) => {
      const { name, lists } = provider.profile;
      if (!lists) return { seen: 0, found: 0, next: null };
      const answer = await provider.since(await findings.cursor(name));
      if (answer.kind !== 'ok') {
        onTrouble({ reason: `the charges of the provider cannot be read: ${answer.reason}` });
        return { seen: 0, found: 0, next: null };
      }
      const { data, unreadable, next, isLast } = answer.value;
      if (unreadable > 0) onTrouble({ reason: `${unreadable} charges cannot be read` });
      const found = await compared(sweep, data, doublesOf(data));
      // Last: what was not compared to its end is read again.
      await findings.moveCursor(name, next);
      return { seen: data.length, found, next: isLast ? null : page + 1 };
    },
    findings: async (sweep, after) => {
      const open = await findings.openCharges(after, findingsMax);
      const evidence = open.map((one) => one.evidence as unknown as Evidence);
      const charges = evidence.map(({ charge }) => charge);
      const doubles = evidence.filter(({ double }) => double).map(({ charge }) => charge);
      const found = await compared(sweep, charges, doubles);
      const last = open.length < findingsMax ? undefined : open.at(-1);
      return { seen: open.length, found, next: last?.row ?? null };
    },
  };
}

async function judged(
  deps: ProviderSweepDeps,
  charge: ListedCharge,
  known: KnownCharge | undefined,
  isDouble: boolean,
): Promise<SeenFinding | undefined> {
  // Once the operation has ended on one of two, the comparison tells which of them it is not.
  const double = isDouble && known?.chargeId === null;
  const found = double ? ({ kind: 'double-charge' } as const) : compareProvider(charge, known);
  if (found === undefined) return undefined;
  const { chargeId: subject, reference } = charge;
  const seen = { kind: found.kind, subject, reference };
  if (known === undefined) return { ...seen, evidence: { charge } };
  const reason =
    found.kind === 'left-charge' ? await reasonFor(deps, known, found.evidence) : undefined;
  const { opId } = known;
  const evidence = { charge, known, ...(double && { double }) };
  return { ...seen, opId, evidence, ...(reason !== undefined && { reason }) };
}

/** Lets it be given back; undefined where nobody does. */
async function reasonFor(
  { giveBack, onTrouble }: ProviderSweepDeps,
  known: KnownCharge,
  evidence: Captured | Authorized,
): Promise<string | undefined> {
  if (!known.isQuiet) return 'it has just ended here';
  try {
    const isBegun = await giveBack(known, evidence);
    return isBegun && !known.late.includes('FAILED') ? 'it is being given back' : undefined;
  } catch (error) {
    onTrouble({ reason: 'a charge could not be given back', error });
    return undefined;
  }
}

/** As `judged` writes it. */
interface Evidence {
  readonly charge: ListedCharge;
  readonly double?: boolean;
}
