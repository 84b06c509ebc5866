import { expect } from 'vitest';
import {
  type AccountId,
  commands,
  kindOf,
  type OpId,
  opIdOf,
  type ServiceStep,
  serviceSteps,
} from '../../src/domain/index.js';
import type { RunningWorld } from '../support/running-world.js';

// What operations of several steps have in common: their money, and the services that stand in.

let amounts = 45_00;

/** An amount of its own, for which the service refuses this step. */
export async function refusing(world: RunningWorld, step: ServiceStep): Promise<number> {
  amounts += 1;
  const path = `/services/${serviceSteps[step]}/${kindOf(step)}`;
  await world.fault({ fault: 'decline', match: { method: 'POST', path, amount: amounts } });
  return amounts;
}

/** The payment that an operation takes its money in. */
export function paymentOf({ tenant }: RunningWorld, opId: OpId): OpId {
  return opIdOf({ ...commands.payment, tenant, principal: 'tester', idemKey: `payment:${opId}` });
}

/** Asserts that nothing is left of it: its money is back, and each step that can be given back. */
export async function givenBack(
  world: RunningWorld,
  opId: OpId,
  account: AccountId,
  funds: number,
): Promise<void> {
  const idemKey = `refund:${opId}:1`;
  const { tenant } = world;
  const refund = opIdOf({ ...commands.refund, tenant, principal: 'tester', idemKey });
  const charged = await world.effects(paymentOf(world, opId));
  expect(await world.effects(refund)).toEqual(charged.map(() => 'refund.1'));
  const done = await world.effects(opId);
  expect([[], ['reserveStock.1', 'releaseStock.1']]).toContainEqual(done);
  expect(await world.available(account)).toBe(funds);
}
