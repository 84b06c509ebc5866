import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { Booked } from './soak-books.js';
import type { SoakPlace } from './soak-place.js';

/** A ride that nobody matches ends after 5 minutes, and so does the budget of a payment. */
const restsWithinMs = 420_000;
const hurriedMs = 20_000;

/** Waits until nothing goes on any more, or says what does when it should not. */
export async function rest(
  place: SoakPlace,
  stories: Promise<unknown>,
  { interrupted, onViolation }: { interrupted: AbortSignal; onViolation(what: string): void },
): Promise<void> {
  let untilMs = performance.now() + restsWithinMs;
  let isTold = false;
  void stories.then(() => {
    isTold = true;
  });
  for (;;) {
    if (interrupted.aborted) untilMs = Math.min(untilMs, performance.now() + hurriedMs);
    const goesOn = isTold ? await goingOn(place).catch(String) : 'callers still ask';
    if (goesOn === undefined) return;
    if (performance.now() > untilMs) {
      // Who interrupts it does not ask whether it would have ended.
      if (!interrupted.aborted) onViolation(`it does not come to rest: ${goesOn}`);
      return;
    }
    await pause(500);
  }
}

/** What still goes on, in words. */
async function goingOn({ database, stack }: SoakPlace): Promise<string | undefined> {
  const open = await database.sql<{ opId: string; state: string; phase: string | null }>`
    select op_id as "opId", state, phase from ledger.operation
     where state not in ('COMPLETED', 'FAILED') and phase is distinct from 'parked' limit 5`;
  if (open.length > 0) return `open: ${JSON.stringify(open)}`;
  const [waiting] = await database.sql<{ events: number }>`
    select (select count(*) from ledger.outbox where published_at is null)::int
         + (select count(*) from ledger.delivery where dead_at is null)::int as events`;
  if (waiting?.events !== 0) return `${waiting?.events} events have not left`;
  const running = await runningWorkflows(stack);
  const parked = await database.sql<{ opId: string }>`
    select op_id as "opId" from ledger.operation where phase = 'parked'`;
  const strange = running.filter((id) => !parked.some(({ opId }) => opId === id));
  return strange.length > 0 ? `workflows of what has ended: ${strange.slice(0, 5)}` : undefined;
}

async function runningWorkflows(stack: SoakPlace['stack']): Promise<readonly string[]> {
  const { address, namespace } = stack.temporal;
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection, namespace });
    const ids: string[] = [];
    const query = `ExecutionStatus = 'Running'`;
    for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
    return ids.filter((id) => id.startsWith('op_'));
  } finally {
    await connection.close();
  }
}

/** Every operation as our ledger has it. */
export function bookedBy({ database, world }: SoakPlace): Promise<readonly Booked[]> {
  return database.sql<Booked>`
    select op_id as "opId", domain, state, phase, (outcome ->> 'minor')::bigint as minor,
           command #>> '{payload,method}' as method, parent_op_id as parent
      from ledger.operation where tenant = ${world.tenant}`;
}
