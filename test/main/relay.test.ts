import { expect, test } from 'vitest';
import type { CloudEvent } from '../../src/outbox/index.js';
import { aWorld } from '../ledger/world.js';
import { eventually } from '../support/eventually.js';
import { aRelay } from './a-relay.js';

const here = aWorld();

test('loses no event when one of two relay processes is killed in the middle', async () => {
  const [doomed, other] = await Promise.all([aWriter('doomed'), aWriter('other')]);
  const tenant = here.aTenant();
  await tenant.open('shop', { kind: 'merchant' });
  await tenant.open('alice', { funds: 10_000 });
  // Ten at once: more would wait for the payer's row for longer than a busy machine answers.
  const pay = async (tens: number) => {
    const opIds: string[] = [];
    for (let ten = 0; ten < tens; ten += 1) {
      const held = Array.from({ length: 10 }, async () => {
        const { opId } = await tenant.held({ account: 'alice', amount: 10 });
        await here.world.ledger.notePhase(opId, 'doubt.1', 'in-doubt', {});
        return opId;
      });
      opIds.push(...(await Promise.all(held)));
    }
    return opIds;
  };
  const paying = pay(15);

  await eventually(() => expect(doomed.events.length).toBeGreaterThan(5));
  await doomed.process.kill();
  // However fast the first have left: it died before these.
  const opIds = [...(await paying), ...(await pay(2))];
  await eventually(async () => expect(await unpublished()).toBe(0), { timeoutMs: 25_000 });

  const seen = new Set([...doomed.events, ...other.events].map(({ id }) => id));
  expect(opIds.flatMap((opId) => [`${opId}.1`, `${opId}.2`]).filter((id) => !seen.has(id))).toEqual(
    [],
  );
  for (const { events } of [doomed, other]) expect(overtaken(events)).toEqual([]);
}, 60_000);

/** A relay, and the events that it wrote to its stdout. */
async function aWriter(name: string) {
  const events: CloudEvent[] = [];
  const environment = { DATABASE_URL: here.world.urls.workerUrl };
  const process = await aRelay(name, environment, (line) => {
    const written = JSON.parse(line) as CloudEvent & { readonly level?: string };
    if (written.level === undefined) events.push(written);
  });
  return { process, events };
}

async function unpublished(): Promise<number> {
  const [row] = await here.world.rows<{ n: number }>(
    `select (select count(*) from ledger.outbox where published_at is null)::int
          + (select count(*) from ledger.delivery)::int as n`,
  );
  return row?.n ?? -1;
}

/** Events that came after a later one of their operation. */
function overtaken(events: readonly CloudEvent[]): readonly string[] {
  const last = new Map<string, number>();
  return events.flatMap(({ id, subject }) => {
    const seq = Number(id.split('.')[1]);
    const before = last.get(subject) ?? 0;
    last.set(subject, seq);
    return before > seq ? [id] : [];
  });
}
