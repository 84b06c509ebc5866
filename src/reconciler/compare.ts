import type { Standing } from '../client/index.js';
import type { OpId } from '../domain/index.js';
import type { OpenOperation } from '../ledger/index.js';

/** What is done about an operation: it is run again, told to look, or shown to a person. */
export type Action =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'restart';
      readonly because: 'workflow-lost' | 'workflow-terminated' | 'workflow-closed';
    }
  | {
      readonly kind: 'tell';
      readonly because: 'budget-ended' | 'operation-ended';
      /** A workflow hears what is told under one name once. */
      readonly once: string;
    }
  | { readonly kind: 'person'; readonly because: 'captures-begun' };

const none = { kind: 'none' } as const;
const hourMs = 3_600_000;

/**
 * What to do about an operation whose row is open, by what Temporal says of its workflow. One that
 * a workflow owns is at most told that its time is over: only the workflow knows whether it began,
 * and ends what certainly did not by fencing it.
 */
export function compareOpen(
  row: Pick<OpenOperation, 'envelope' | 'phase' | 'isOverdue' | 'hasBlindCapture'>,
  standing: Standing,
): Action {
  if (standing === 'running') {
    // Held, deferred, or in front of a person: that is no matter of the budget.
    const canEnd = row.phase === 'charging' || row.phase === 'in-doubt';
    if (!row.isOverdue || !canEnd) return none;
    return { kind: 'tell', because: 'budget-ended', once: `budget:${row.envelope.opId}` };
  }
  // Begun by a worker of before: a new run could not ask what became of it.
  if (row.hasBlindCapture) return { kind: 'person', because: 'captures-begun' };
  switch (standing) {
    case 'unknown':
      return { kind: 'restart', because: 'workflow-lost' };
    case 'terminated':
      return { kind: 'restart', because: 'workflow-terminated' };
    case 'closed':
      return { kind: 'restart', because: 'workflow-closed' };
  }
}

/** What to do about an operation that ended long ago and whose workflow is open still. */
export function compareEnded(opId: OpId, nowMs: number): Action {
  // Each hour anew: what it could not do then it may be able to do now.
  const hour = Math.floor(nowMs / hourMs);
  return { kind: 'tell', because: 'operation-ended', once: `ended:${opId}:${hour}` };
}

/**
 * Where the next page of workflows begins, after a full page of these starts, youngest first. Their
 * moments are cut to milliseconds: the last one is met again, unless that would go on for ever.
 */
export function nextBefore(startedAt: readonly number[]): number | null {
  const [first, last] = [startedAt[0], startedAt.at(-1)];
  if (first === undefined || last === undefined) return null;
  return first === last ? last : last + 1;
}
