import { nanoid } from 'nanoid';
import { expect } from 'vitest';
import { accountIdOf } from '../../src/domain/index.js';
import type { RunningWorld } from '../support/running-world.js';
import { type Case, conforms, refused } from './conformance.js';

conforms({
  of: 'accountOpen',
  name: 'the opening of an account',
  steps: ['openAccount'],
  refusals: { openAccount: refused },
  begin: anOpening,
});

conforms({
  of: 'funding',
  name: 'a funding',
  steps: ['fund'],
  refusals: { fund: refused },
  begin: aFunding,
});

conforms({
  of: 'accountEdit',
  name: 'an edit of an account',
  steps: ['editAccount'],
  refusals: { editAccount: refused },
  begin: anEdit,
});

async function anOpening(world: RunningWorld): Promise<Case> {
  const account = accountIdOf(`acc-${nanoid(10).replaceAll(/[-_]/g, 'x')}`);
  const seen = () => world.reads.account(world.tenant, account);
  return {
    payload: { account, currency: 'EUR', kind: 'customer', overdraftLimit: 0, slots: 1 },
    cleanSlate: async () => expect(await seen()).toBeUndefined(),
    ended: async (_, result) => {
      expect(result).toMatchObject({ kind: 'opened' });
      expect(await seen()).toMatchObject({ available: 0, version: 1 });
    },
  };
}

async function aFunding(world: RunningWorld): Promise<Case> {
  const account = await world.account(0);
  return {
    payload: { account, amount: 5_00, currency: 'EUR' },
    cleanSlate: async () => expect(await world.available(account)).toBe(0),
    ended: async (_, result) => {
      expect(result).toMatchObject({ kind: 'funded', minor: 5_00 });
      expect(await world.available(account)).toBe(5_00);
    },
  };
}

async function anEdit(world: RunningWorld): Promise<Case> {
  const account = await world.account(0);
  const seen = () => world.reads.account(world.tenant, account);
  return {
    payload: { account, version: 1, status: 'frozen' },
    cleanSlate: async () => expect(await seen()).toMatchObject({ status: 'open', version: 1 }),
    ended: async (_, result) => {
      expect(result).toMatchObject({ kind: 'edited', version: 2 });
      expect(await seen()).toMatchObject({ status: 'frozen', version: 2 });
    },
  };
}
