import { expect } from 'vitest';
import { commands, type OpId, opIdOf } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import type { RunningWorld } from '../support/running-world.js';

// Rides as far as a test needs them, and what became of them.

export const accepted = { kind: 'accepted' };
export const tooLate = { kind: 'refused', code: 'invalid-state' };

let amounts = 40_00;
/** An amount that no other test uses, so that a fault strikes only where it is meant to. */
export function ownAmount(): number {
  amounts += 1;
  return amounts;
}

/** What may be captured of a hold, with the provider's tolerance. */
export const mostOf = (amount: number) => amount + Math.floor((amount * 15) / 100);

/** The first call for the money of a ride of this amount. */
export const firstCall = (amount: number) =>
  ({ method: 'POST', path: '/charges', amount }) as const;

/** A ride that waits for a driver. */
export async function requested(world: RunningWorld, amount = ownAmount(), funds = 100_00) {
  const [rider, driver] = [await world.account(funds), await world.account(0)];
  const payload = { account: rider, amount, currency: 'EUR' };
  const { opId } = await world.client.start({
    ...commands.ride,
    idemKey: `ride:${rider}`,
    payload,
  });
  return { rider, driver, amount, opId };
}

/** A ride whose driver was found. */
export async function matched(
  world: RunningWorld,
  amount = ownAmount(),
  { funds, destination }: { funds?: number; destination?: string } = {},
) {
  const ride = await requested(world, amount, funds);
  const found = { driver: ride.driver, ...(destination !== undefined && { destination }) };
  expect(await world.client.matchRide(ride.opId, found)).toEqual(accepted);
  return ride;
}

/** A ride that is authorised and goes on. */
export async function booked(world: RunningWorld, given: { destination?: string } = {}) {
  const ride = await matched(world, ownAmount(), given);
  await isBooked(world, ride.opId);
  return ride;
}

export async function isBooked(world: RunningWorld, opId: OpId): Promise<void> {
  await eventually(async () => expect(await events(world, opId)).toContain('hold.extended'));
}

export function payoutOf({ tenant }: RunningWorld, opId: OpId): OpId {
  return opIdOf({ ...commands.payout, tenant, principal: 'tester', idemKey: `ride:${opId}` });
}

export async function events(world: RunningWorld, opId: OpId): Promise<string[]> {
  const rows = await world.database.owner<{ type: string }[]>`
    select x.type from ledger.outbox x join ledger.operation o on o.id = x.op
     where o.op_id = ${opId} order by x.seq`;
  return rows.map(({ type }) => type);
}

/** What the event of the cancellation says. */
export async function said(world: RunningWorld, opId: OpId): Promise<unknown> {
  const [row] = await world.database.owner<{ reason: string }[]>`
    select x.data #>> '{detail,reason}' as reason
      from ledger.outbox x join ledger.operation o on o.id = x.op
     where o.op_id = ${opId} and x.type = 'ride.cancelled'`;
  return row?.reason;
}

/** What the provider itself says of all that was done under this operation. */
export async function atProvider(
  world: RunningWorld,
  what: 'captures' | 'charges' | 'payouts' | 'refunds',
  opId: OpId,
) {
  const answer = await fetch(`${world.providerUrl}/${what}?reference=${opId}`);
  const { data } = (await answer.json()) as { data: Record<string, unknown>[] };
  return data;
}

export async function charge(world: RunningWorld, opId: OpId) {
  return (await atProvider(world, 'charges', opId))[0];
}

export async function isParked(world: RunningWorld, opId: OpId): Promise<void> {
  await eventually(async () => {
    const row = await world.reads.operation(world.tenant, opId);
    expect(row).toMatchObject({ phase: 'parked' });
  });
}
