import type { StartOptions } from '../client/index.js';
import {
  type AccountId,
  type Command,
  commands,
  differs,
  type FieldDigests,
} from '../domain/index.js';
import type { AccountRow } from '../ledger/reads.js';
import type { GatewayDeps } from './app.js';
import type { Caller } from './auth.js';
import { bounded } from './bounded.js';
import type { Ends } from './ends.js';
import { unlessReused } from './idempotency.js';
import { limits } from './limits.js';
import { Problem, problem } from './problems.js';
import { type OperationView, viewOfCommand, viewOfDescription, viewOfRow } from './views.js';

/** A command somebody asks for, and what must hold of the accounts it names. */
export interface Asked {
  readonly caller: Caller;
  readonly command: Command;
  readonly accounts: readonly AccountId[];
  /** Throws the problem of accounts that do not allow it. Not asked of a replay. */
  readonly admit: (accounts: ReadonlyMap<AccountId, AccountRow>) => void | Promise<void>;
  readonly options: Pick<StartOptions, 'timeBudget' | 'sealed' | 'trace'>;
  /** How long to wait for the end. */
  readonly waitMs: number;
}

export interface Accepted {
  readonly operation: OperationView;
  readonly replayed: boolean;
}

/** Accepts commands. */
export interface Acceptance {
  /**
   * One read, then the start, which is the one durable write. What was accepted before is answered
   * from what became of it, whatever its accounts are like by now. Throws the problems of `admit`,
   * and `idempotency-key-reused` when the key named another command.
   */
  accept(asked: Asked): Promise<Accepted>;
}

/** Accepts over a client and the reads, and waits for ends where it is asked to. */
export function createAcceptance(
  {
    client,
    reads,
    metrics,
    approvalAbove,
  }: Pick<GatewayDeps, 'client' | 'reads' | 'metrics' | 'approvalAbove'>,
  ends: Ends,
): Acceptance {
  return {
    async accept({ caller, command, accounts, admit, options, waitMs }) {
      const as = {
        ...{ ...options, tenant: caller.tenant, principal: caller.subject },
        ...(approvalAbove !== null && isApprovable(command) && { approvalAbove }),
      };
      const { opId, digests } = client.identify(command, as);
      const replayOf = async (first: FieldDigests, view: OperationView) => {
        const fields = differs(first, digests);
        if (fields.length > 0) throw problem('idempotency-key-reused', { differs: fields });
        return { operation: await ends.await(caller, view, waitMs), replayed: true };
      };

      const known = await reads.admission(caller.tenant, opId, accounts);
      const { operation } = known;
      if (operation !== undefined) return replayOf(operation.digests, viewOfRow(operation));
      try {
        await admit(known.accounts);
      } catch (refusal) {
        // It may have been accepted a moment ago, and not have a row yet.
        const first = await bounded(limits.temporalTimeoutMs, client.describe(opId));
        if (first === undefined) throw refusal;
        return replayOf(first.digests, viewOfDescription(first));
      }
      const { replayed } = await unlessReused(
        bounded(limits.temporalTimeoutMs, client.start(command, as)),
      );
      if (!replayed) metrics.count('operationsStarted', { operation: command.eventType });
      const view = viewOfCommand(opId, command);
      if (!replayed && waitMs === 0) return { operation: view, replayed };
      return { operation: await ends.await(caller, view, waitMs), replayed };
    },
  };
}

/** What moves no money yet, what an admin asks for, and what moves none at all. */
const unapproved = [
  ...(['ride', 'funding', 'accountOpen', 'accountEdit'] as const),
  ...(['upload', 'fileDeletion', 'notification'] as const),
] as const;

/** True for what moves money at somebody's word, itself or in a payment that it starts. */
function isApprovable({ eventType }: Command): boolean {
  return !unapproved.some((name) => commands[name].eventType === eventType);
}

/** True for the problem of this code. */
export function isProblem(error: unknown, code: Problem['code']): error is Problem {
  return error instanceof Problem && error.code === code;
}
