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
import { type Case, type Conforming, declined, endsRefused, refused } from './conformance.js';

// What operations of several steps have in common: their money, and the services that stand in.

/** The steps of an operation: those of the ledger, and those at services with what undoes each. */
export interface TakenSteps {
  readonly accept: keyof RunningWorld['ledger'];
  readonly turn: keyof RunningWorld['ledger'];
  readonly end: keyof RunningWorld['ledger'];
  /** The door that what it asks for comes through. */
  readonly parse: (body: unknown, idemKey: string) => { readonly ok: boolean };
  readonly services: readonly { readonly step: ServiceStep; readonly back?: ServiceStep }[];
}

type Stepping = Pick<Conforming, 'steps' | 'deaths' | 'refusals'>;

/** All steps, in their order. */
export function whole({ accept, end, services }: TakenSteps): Stepping {
  const names = services.map(({ step }) => step);
  const declines = names.map((step) => [step, declined(`${step}.1`)]);
  return {
    steps: [
      accept,
      'readPaid',
      ...(names.length > 0 ? (['writeAttempt'] as const) : []),
      ...names,
      end,
    ],
    refusals: { [accept]: refused, ...Object.fromEntries(declines) },
  };
}

/** The steps of one that is refused `at` a service, and given back. */
export function refusedAt({ accept, turn, end, services }: TakenSteps, at: ServiceStep): Stepping {
  const until = services.findIndex(({ step }) => step === at);
  const done = services.slice(0, until);
  const backs = done.toReversed().flatMap(({ back }) => (back === undefined ? [] : [back]));
  const names = [...done.map(({ step }) => step), at];
  return {
    steps: [accept, 'readPaid', 'writeAttempt', ...names, turn, ...backs, end],
    deaths: [at, turn, ...backs, end],
    refusals: {},
  };
}

/** Which step is refused, if one is, and what the operation is refused with then. */
interface Fails {
  readonly at?: ServiceStep;
  readonly code?: string;
}

const funds = 1_000_00;
let amounts = 45_00;

/** One of them, that asks for `more` than its money. */
export async function inSteps(
  world: RunningWorld,
  taken: TakenSteps,
  more: object,
  { at, code = 'provider-refused' }: Fails = {},
): Promise<Case> {
  const account = await world.account(funds);
  amounts += 1;
  const amount = amounts;
  if (at !== undefined) {
    const path = `/services/${serviceSteps[at]}/${kindOf(at)}`;
    await world.fault({ fault: 'decline', match: { method: 'POST', path, amount } });
  }
  const cleanSlate = (opId: OpId) => givenBack(world, taken, opId, account);
  const payment = (opId: OpId) => childOf(world, 'payment', `payment/${opId}`);
  const payload = { account, amount, currency: 'EUR', ...more };
  expect(taken.parse(payload, 'key-of-a-test')).toMatchObject({ ok: true });
  return {
    payload,
    cleanSlate,
    ended: async (opId, result) => {
      if (at !== undefined) return endsRefused(code, cleanSlate)(opId, result);
      expect(result).toMatchObject({ kind: 'fulfilled' });
      expect(await world.effects(opId)).toEqual(taken.services.map(({ step }) => `${step}.1`));
      expect(await world.effects(payment(opId))).toEqual(['charge.1']);
      expect(await world.available(account)).toBe(funds - amount);
    },
  };
}

/** Nothing is left of it: its money is back, and each step that can be. */
async function givenBack(
  world: RunningWorld,
  { services }: TakenSteps,
  opId: OpId,
  account: AccountId,
): Promise<void> {
  const charged = await world.effects(childOf(world, 'payment', `payment/${opId}`));
  const refund = childOf(world, 'refund', `refund/${opId}/1`);
  expect(await world.effects(refund)).toEqual(charged.map(() => 'refund.1'));
  const done = await world.effects(opId);
  for (const { step, back } of services) {
    if (back !== undefined && done.includes(`${step}.1`)) expect(done).toContain(`${back}.1`);
  }
  expect(done).not.toContain(`${services.at(-1)?.step}.1`);
  expect(await world.available(account)).toBe(funds);
}

function childOf({ tenant }: RunningWorld, of: 'payment' | 'refund', idemKey: string) {
  return opIdOf({ ...commands[of], tenant, principal: 'tester', idemKey });
}
