import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import type { Books, Draw } from '../support/rounds.js';
import type { RunningWorld } from '../support/running-world.js';

// What the races of running operations share.

/** Looks again often, and gives up early: rounds are many. */
export const hurried = { requestTimeoutMs: 300, ladderMs: [50, 100, 200, 400, 800, 1_600] };

/** More than all rounds together can take. */
export const plenty = 1_000_000_000;

export function booksOf({ tenant, database, heal }: RunningWorld): Books {
  return {
    tenant,
    tidy: heal,
    rows: (query, ...values) => database.owner.unsafe(query, [...values]),
  };
}

/** Asks for each after a wait of its own, of `mostMs` at most: no two orders are alike. */
export function scattered<T>(
  draw: Draw,
  mostMs: number,
  asks: readonly (() => Promise<T>)[],
): Promise<T[]> {
  return Promise.all(
    asks.map(async (ask) => {
      await pause(draw.whole(0, mostMs));
      return ask();
    }),
  );
}

/** The charges of the operation, as the provider shows them. */
export async function chargesOf({ providerUrl }: RunningWorld, opId: OpId) {
  const answer = await fetch(`${providerUrl}/charges?reference=${opId}`);
  const { data } = (await answer.json()) as { data: Charge[] };
  return data;
}

interface Charge {
  readonly id: string;
  readonly status: string;
  readonly capturedAmount: number;
}

/** Waits until it is held. */
export async function isHeld({ reads, tenant }: RunningWorld, opId: OpId): Promise<void> {
  await eventually(async () =>
    expect(await reads.operation(tenant, opId)).toMatchObject({ phase: 'held' }),
  );
}

/** The events with which it ended: one, whatever was said to it. */
async function endsOf({ database }: RunningWorld, opId: OpId): Promise<string[]> {
  const rows = await database.owner<{ type: string }[]>`
    select x.type from ledger.outbox x join ledger.operation o on o.id = x.op
     where o.op_id = ${opId} and split_part(x.type, '.', 2) in ('settled', 'refused', 'expired')`;
  return rows.map(({ type }) => type);
}

/** What it took, by its end and by the provider alike; throws when they differ. */
export async function takenBy(world: RunningWorld, opId: OpId, chargesMax = 1): Promise<number> {
  const result = await world.client.result(opId);
  const taken = result?.kind === 'settled' ? (result as unknown as { minor: number }).minor : 0;
  const charges = await chargesOf(world, opId);
  expect(charges.reduce((sum, { capturedAmount }) => sum + capturedAmount, 0)).toBe(taken);
  expect(charges.length).toBeLessThanOrEqual(chargesMax);
  // What was authorised and not taken must not stay so: its owner cannot spend it.
  if (taken === 0) expect(charges.map(({ status }) => status)).not.toContain('authorized');
  expect(await endsOf(world, opId)).toHaveLength(1);
  return taken;
}
