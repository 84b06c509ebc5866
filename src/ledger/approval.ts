import type { Database } from '../database/index.js';
import type { Approved, Conflict, Fail, NotApproved, OpId, RefusalCode } from '../domain/index.js';

/** Nobody has said anything yet. */
export interface Waiting {
  readonly kind: 'waiting';
}

/** What a second person says of an operation. */
export interface ApprovalAct {
  readonly tenant: string;
  readonly opId: OpId;
  readonly verdict: 'approved' | 'refused';
  readonly principal: string;
  readonly actor: string;
  /** Kept in the audit alone. */
  readonly reason: string;
}

/** What became of it; the workflow is to look. Repeated by the same person it is the same. */
export type ApprovalAnswer =
  | { readonly kind: 'decided'; readonly opId: OpId }
  | (Omit<Fail, 'code'> & { readonly code: 'second-person-needed' | 'invalid-state' });

/** What second people say. */
export interface Approvals {
  act(act: ApprovalAct): Promise<ApprovalAnswer>;
}

/** Approvals over one database. */
export function createApprovals(database: Database): Approvals {
  return {
    act: ({ tenant, opId, verdict, principal, actor, reason }) =>
      database.call('ledger.approve_v1', tenant, opId, verdict, principal, actor, reason),
  };
}

/**
 * Ends the wait for a second person with what that person said, else with `code`; waits on when
 * neither is there.
 */
export function endApproval(database: Database) {
  return (opId: OpId, code?: RefusalCode): Promise<Waiting | Approved | NotApproved | Conflict> =>
    database.call('ledger.end_approval_v1', opId, code ?? null);
}
