import type { OpenWorkflow, Watch } from '../client/index.js';
import type { Envelope, OpId } from '../domain/index.js';
import type { OpenOperations, Prune } from '../ledger/index.js';
import { type Action, compareEnded, compareOpen, nextBefore } from './compare.js';

/** What a sweep did about one operation, or could not do. */
export interface Finding {
  readonly opId: OpId;
  readonly action: Exclude<Action, { kind: 'none' }> | { readonly kind: 'failed' };
  readonly error?: unknown;
}

/** How much of a page there was, and where the next one begins; null after the last. */
export interface Swept {
  readonly seen: number;
  readonly acted: number;
  readonly next: number | null;
}

export interface SweepDeps {
  readonly operations: OpenOperations;
  readonly watch: Watch;
  /** Applies webhooks that nobody decided about, so many at most; gives how many it looked at. */
  readonly applyWaiting: (limit: number) => Promise<number>;
  readonly prune: Prune;
  /** Does the work in the trace of the request that an operation came from. */
  readonly inTrace: <Done>(
    traceId: string,
    name: string,
    work: () => Promise<Done>,
  ) => Promise<Done>;
  /** Told of everything that is done. */
  readonly onFinding: (finding: Finding) => void;
  /** Operations that something happened to are left alone so long; 10 s when left out. */
  readonly quietMs?: number;
  /** How long an operation has ended before its open workflow is told; 60 s when left out. */
  readonly lingersMs?: number;
}

/** A page of work each; `beat` is called as it goes on. Nothing that a workflow owns is written. */
export interface OperationSweep {
  /** Open rows after the row `after`, 0 for the first. */
  openOperations(after: number, beat: () => void): Promise<Swept>;
  /** Open workflows started before the moment `before`, in epoch milliseconds; null for now. */
  openWorkflows(before: number | null, beat: () => void): Promise<Swept>;
  waitingWebhooks(): Promise<number>;
  /** Forgets a batch of what is long over; `next` while there is more. */
  forget(batch: number): Promise<{ readonly next: number | null }>;
}

const pageMax = 200;
const webhooksMax = 100;
const forgottenMax = 1_000;
const atOnceMax = 10;

/** The sweep over what it is given. */
export function createSweep(deps: SweepDeps): OperationSweep {
  const { operations, watch, onFinding, quietMs = 10_000, lingersMs = 60_000 } = deps;

  async function act(opId: OpId, action: Action, envelope?: Envelope): Promise<boolean> {
    if (action.kind === 'none') return false;
    const mend = async () => {
      if (action.kind === 'restart') return envelope !== undefined && watch.restart(envelope);
      return action.kind === 'person' || watch.tell(opId, action.once);
    };
    const done = envelope
      ? await deps.inTrace(envelope.trace, `reconcile ${action.kind}`, mend)
      : await mend();
    if (done) onFinding({ opId, action });
    return done;
  }

  /** One that fails keeps nobody else from being looked at; the next sweep meets it again. */
  async function guarded(opId: OpId, work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      onFinding({ opId, action: { kind: 'failed' }, error });
      return false;
    }
  }

  return {
    openOperations: async (after, beat) => {
      const rows = await operations.page(after, pageMax, quietMs);
      const acted = await someAtOnce(rows, beat, (row) => {
        const { envelope } = row;
        const { opId } = envelope;
        return guarded(opId, async () =>
          act(opId, compareOpen(row, await watch.standing(opId)), envelope),
        );
      });
      const last = rows.length < pageMax ? undefined : rows.at(-1);
      return { seen: rows.length, acted, next: last?.id ?? null };
    },
    openWorkflows: async (before, beat) => {
      const nowMs = Date.now();
      const open = await watch.open(before ?? nowMs - lingersMs, pageMax);
      const ended = await operations.ended(open.map(opIdOf), lingersMs);
      const acted = await someAtOnce(ended, beat, (opId) =>
        guarded(opId, () => act(opId, compareEnded(opId, nowMs))),
      );
      const starts = open.map(({ startedAt }) => startedAt);
      return { seen: open.length, acted, next: open.length < pageMax ? null : nextBefore(starts) };
    },
    waitingWebhooks: () => deps.applyWaiting(webhooksMax),
    forget: async (batch) => {
      const { events, webhooks, findings } = await deps.prune(forgottenMax);
      const most = Math.max(events, webhooks, findings);
      return { next: most < forgottenMax ? null : batch + 1 };
    },
  };
}

function opIdOf({ opId }: OpenWorkflow): OpId {
  return opId;
}

/** Does the work for all, so many at a time; gives for how many it was true. */
async function someAtOnce<Item>(
  items: readonly Item[],
  beat: () => void,
  work: (item: Item) => Promise<boolean>,
): Promise<number> {
  let count = 0;
  for (let at = 0; at < items.length; at += atOnceMax) {
    const done = await Promise.all(items.slice(at, at + atOnceMax).map(work));
    count += done.filter(Boolean).length;
    beat();
  }
  return count;
}
