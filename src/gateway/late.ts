import type { Client } from '../client/index.js';
import { lateCommandOf, latePrincipal as principal } from '../domain/index.js';
import type { Reads } from '../ledger/reads.js';
import { bounded } from './bounded.js';
import { limits } from './limits.js';
import type { JudgeLate } from './webhooks.js';

/**
 * Starts the operation that gives late money back: one per piece of evidence, for its id follows
 * from it. What cannot be given back is kept for a person.
 */
export function createLateJudge(deps: {
  readonly client: Client;
  readonly reads: Reads;
}): JudgeLate {
  return async ({ tenant, opId }, evidence) => {
    const ended = await deps.reads.operation(tenant, opId);
    const account = ended?.account ?? undefined;
    const command = account === undefined ? undefined : lateCommandOf(opId, account, evidence);
    if (command === undefined) return { state: 'held', reason: 'operation-closed' };
    const options = { tenant, principal, parentOpId: opId };
    await bounded(limits.temporalTimeoutMs, deps.client.start(command, options));
    return { state: 'applied' };
  };
}
