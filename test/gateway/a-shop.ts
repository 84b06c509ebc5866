import { nanoid } from 'nanoid';
import { expect } from 'vitest';
import type { AccountId, OpId } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import { aGateway, type Answer, type TestGateway } from './a-gateway.js';
import { aTill, type Till } from './a-till.js';

/** A gateway with a worker whose provider holds, captures, refunds and pays out. */
export interface Shop {
  readonly gateway: TestGateway;
  readonly till: Till;
  /** An account of `ada` with plenty of EUR. */
  readonly account: AccountId;
  stopWorking(): Promise<void>;
  /** A payment of 30.00 that is held. */
  held(capture: 'manual' | 'multiple', more?: object): Promise<OpId>;
  /** A payment that is settled. */
  paid(): Promise<OpId>;
  /**
   * Status and code of a refusal that left nothing: no operation, and no workflow under its key,
   * which is free for `right`.
   */
  refusal(ask: Asking, right: Asking): Promise<readonly [number, string]>;
}

/** Asks for something under this key. */
type Asking = (headers: Record<string, string>) => Promise<Answer>;

export async function aShop(): Promise<Shop> {
  const [gateway, till] = [await aGateway(), aTill()];
  const stopWorking = await gateway.world.work({ provider: till.provider });
  const account = await gateway.world.account(100_000_00, { owner: 'ada' });
  return {
    ...{ gateway, till, account, stopWorking },
    held: async (capture, more = {}) => {
      const { body } = await gateway.pay({ account, capture, ...more });
      await eventually(async () => {
        const { body: now } = await gateway.send('GET', body.links.self);
        expect(now['phase']).toBe('held');
      });
      return body.opId;
    },
    paid: async () => {
      const { body } = await gateway.pay({ account }, { headers: wait });
      expect(body.outcome.kind).toBe('settled');
      return body.opId;
    },
    refusal: async (ask, right) => {
      const headers = keyed();
      const before = await gateway.operations();
      const { status, body } = await ask(headers);
      expect(await gateway.operations()).toBe(before);
      const answer = await right({ ...headers, ...wait });
      expect([answer.status, answer.body.state]).toEqual([200, 'COMPLETED']);
      expect(answer.headers.has('idempotency-replayed')).toBe(false);
      return [status, body.code];
    },
  };
}

/** A key of its own. */
export const keyed = () => ({ 'idempotency-key': nanoid() });
/** For headers: answers with the end. */
export const wait = { prefer: 'wait=20' };
