import type { Watch } from '../client/index.js';
import type { OpId } from '../domain/index.js';
import type { FindingAlert, Findings, OpenOperations, SeenFinding } from '../ledger/index.js';

export interface HoldSweepDeps {
  readonly operations: Pick<OpenOperations, 'outlived'>;
  readonly findings: Findings;
  readonly watch: Pick<Watch, 'standing'>;
  readonly onAlert: (alert: FindingAlert) => void;
  /** How long after its end a hold may still be let go; 5 minutes by default. */
  readonly outlivesMs?: number;
  readonly sustainedMs?: number;
}

/** Finds money that is held beyond the end of its hold with no workflow that would let it go. */
export interface HoldSweep {
  /** Looks at the longest overdue; gives how many it found. */
  holds(sweep: string): Promise<number>;
}

const kind = 'hold-outlived';
const holdsMax = 100;

/** The look over what it is given. It mends nothing: gone workflows are run again elsewhere. */
export function createHoldSweep(deps: HoldSweepDeps): HoldSweep {
  const { operations, findings, watch, onAlert } = deps;
  const { outlivesMs = 300_000, sustainedMs = 60_000 } = deps;
  return {
    holds: async (sweep) => {
      const outlived = await operations.outlived(holdsMax, outlivesMs);
      const seen: SeenFinding[] = [];
      for (const { opId, expiresAt } of outlived) {
        const standing = await watch.standing(opId);
        if (standing === 'running') continue;
        seen.push({ kind, subject: opId, opId, evidence: { expiresAt, workflow: standing } });
      }
      // What was seen before is looked at once more, though its hold may be closed by now.
      const before = (await findings.openOf(kind, holdsMax)) as readonly OpId[];
      const looked = [...new Set([...outlived.map(({ opId }) => opId), ...before])];
      if (looked.length === 0) return 0;
      for (const alert of await findings.see(sweep, looked, seen, sustainedMs)) onAlert(alert);
      return seen.length;
    },
  };
}
