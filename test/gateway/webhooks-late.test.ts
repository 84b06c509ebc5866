import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase } from '../../src/database/index.js';
import type { OpId, Outcome, OutsideAnswer } from '../../src/domain/index.js';
import { applyWaiting } from '../../src/gateway/index.js';
import { createInbox } from '../../src/ledger/index.js';
import { startTracing } from '../../src/telemetry/index.js';
import { eventually } from '../support/eventually.js';
import { aGateway, type TestGateway } from './a-gateway.js';
import { sandbox, senders } from './a-sender.js';
import {
  aPaymentInDoubt,
  referenceFor,
  type Sent,
  signalsOf,
  storedAs,
  tell as tellFrom,
} from './a-webhook.js';

describe.each(senders)('a webhook of $provider about an operation that has ended', (from) => {
  let gateway: TestGateway;
  const tell = (sent: Sent) => tellFrom(gateway, from, sent);
  beforeAll(async () => {
    gateway = await aGateway();
    await gateway.world.work();
  });
  afterAll(() => gateway.stop());

  async function aPayment(amount: number): Promise<{ opId: OpId; chargeId: string }> {
    const { world } = gateway;
    const opId = await world.pay({ account: await world.account(20_000_00), amount });
    const result = await world.client.result(opId);
    return { opId, chargeId: (result as { chargeId?: string } | undefined)?.chargeId ?? 'ch_0' };
  }

  test('says nothing new when it is what the operation ended with', async () => {
    const { opId, chargeId } = await aPayment(30_00);
    const eventId = nanoid();

    const { body } = await tell({
      eventId,
      ...from.captured({ reference: referenceFor(opId), id: chargeId }),
    });

    expect(body.state).toBe('ignored');
    expect(await storedAs(gateway, eventId)).toMatchObject([{ reason: 'already-known' }]);
    expect(gateway.lines.filter((line) => line['eventId'] === eventId)).toEqual([]);
  });

  test('five times each, in any order, is given back or kept when it is new', async () => {
    const { opId, chargeId } = await aPayment(30_00);
    const known = { reference: referenceFor(opId), id: chargeId };
    const events = {
      captured: from.captured(known),
      other: from.captured({ ...known, id: 'ch_other' }),
      refunded: from.refunded(known),
      declined: from.declined(known),
    };
    const before = await gateway.world.reads.operation(gateway.world.tenant, opId);
    // A second charge begins the operation that gives it back; nobody can undo the others.
    const words = { captured: 'ignored', other: 'applied', refunded: 'held', declined: 'held' };

    for (const order of permutations(Object.keys(events) as (keyof typeof events)[])) {
      const states = [];
      for (const name of order) {
        const sent = { eventId: nanoid(), ...events[name] };
        const answers = await Promise.all([1, 2, 3, 4, 5].map(() => tell(sent)));
        states.push(...new Set(answers.map(({ status, body }) => `${status} ${body.state}`)));
      }
      expect(states).toEqual(order.map((name) => `200 ${words[name]}`));
    }

    // But for the event that a case was opened.
    expect(await gateway.world.reads.operation(gateway.world.tenant, opId)).toEqual({
      ...before,
      version: (before?.version ?? 0) + 1,
    });
    expect(await gateway.world.disagreeing()).toEqual([]);
    const { body } = await gateway.send('GET', '/v1/cases', { as: 'operator' });
    const cases = body.data.filter((one) => one.opId === opId);
    // All of them in one, of which the latest ten.
    const evidence = { told: expect.objectContaining({ length: 10 }) };
    expect(cases).toMatchObject([
      { kind: 'contradiction', state: 'open', currency: 'EUR', evidence },
    ]);
  });
});

describe('a webhook of a success after the money went back', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await aGateway();
  });
  afterAll(() => gateway.stop());

  test('has it given back at the provider too, once however often it comes', async () => {
    const { world } = gateway;
    const account = await withoutWork(() => world.account(100_00));
    const opId = await world.pay({ account });
    const withdrawn = world.client.withdraw(opId);
    await world.work();
    await withdrawn;
    const ended = await world.client.result(opId);
    const reference = referenceFor(opId);
    const chargeId = await chargedLate(reference);
    const sent = { eventId: nanoid(), ...sandbox.captured({ reference, id: chargeId }) };
    const again = { ...sent, eventId: nanoid() };

    const states = [];
    for (const one of [sent, again, sent, again]) {
      states.push((await tellFrom(gateway, sandbox, one)).body.state);
    }
    const lates = await lateOperations(opId);

    expect(ended).toMatchObject({ code: 'withdrawn' });
    expect(states).toEqual(['applied', 'applied', 'applied', 'applied']);
    expect(lates).toHaveLength(1);
    expect(await world.client.result(lates[0] ?? opId)).toMatchObject({ returned: 30_00 });
    expect(await chargeAt(chargeId)).toMatchObject({
      capturedAmount: 30_00,
      refundedAmount: 30_00,
    });
    expect(await world.available(account)).toBe(100_00);
    expect(await world.disagreeing()).toEqual([]);
  });

  /** With a worker that is gone again. */
  async function withoutWork<Made>(make: () => Promise<Made>): Promise<Made> {
    const stop = await gateway.world.work();
    const made = await make();
    await stop();
    return made;
  }

  /** The call that was thought lost acts after all. */
  async function chargedLate(reference: string): Promise<string> {
    const answer = await fetch(`${gateway.world.providerUrl}/charges`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': reference },
      body: JSON.stringify({ reference, amount: 30_00, currency: 'EUR', capture: true }),
    });
    return ((await answer.json()) as { id: string }).id;
  }

  async function chargeAt(id: string): Promise<unknown> {
    return (await fetch(`${gateway.world.providerUrl}/charges/${id}`)).json();
  }

  function lateOperations(opId: OpId): Promise<readonly OpId[]> {
    return eventually(async () => {
      const rows = await gateway.world.database.owner<{ op_id: OpId }[]>`
        select op_id from ledger.operation where parent_op_id = ${opId}`;
      if (rows.length === 0) throw new Error(`nothing gives ${opId} back`);
      return rows.map((row) => row.op_id);
    });
  }
});

describe('a webhook that is here before its call is answered', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await aGateway();
  });
  afterAll(() => gateway.stop());

  const lost = { kind: 'unknown', reason: 'connection-lost', askAgainAfterMs: 1 } as const;
  test.each<[string, (outcome: Outcome<OutsideAnswer>) => Outcome<OutsideAnswer>]>([
    ['comes', (outcome) => outcome],
    ['is lost', () => lost],
  ])('settles once when the answer %s', async (_, answered) => {
    const { world } = gateway;
    const states: string[] = [];
    const stop = await world.work({
      provider: (honest) => ({
        ...honest,
        async perform(request) {
          const outcome = await honest.perform(request);
          const { reference } = request;
          const [charge] = await world.charges(reference.split(':')[0] as OpId);
          const told = sandbox.captured({ reference, id: charge?.id ?? '' });
          states.push((await tellFrom(gateway, sandbox, told)).body.state);
          return answered(outcome);
        },
      }),
    });
    const account = await world.account(100_00);
    const opId = await world.pay({ account });

    const result = await world.client.result(opId);
    await stop();

    expect(result).toMatchObject({ kind: 'settled', minor: 30_00 });
    expect(states).toEqual(['applied']);
    expect(await world.charges(opId)).toHaveLength(1);
    const told = [{ kind: 'captured' }];
    await eventually(async () => expect(await signalsOf(gateway, opId)).toMatchObject(told));
    expect(await world.available(account)).toBe(70_00);
    expect(await world.disagreeing()).toEqual([]);
  });
});

describe('a webhook while Temporal is away', () => {
  const from = sandbox;
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await aGateway({
      ...{ requestTimeoutMs: 300, ladderMs: [3_600_000] },
      temporalAddress: async () => '127.0.0.1:9',
    });
    await gateway.world.work();
    await gateway.world.fault({ match: { method: 'POST' }, fault: 'timeout-before' });
  });
  afterAll(() => gateway.stop());

  test('is stored, asked for again, and applied by the sweep once it is back', async () => {
    const opId = await aPaymentInDoubt(gateway);
    const eventId = nanoid();
    const sent = { eventId, ...from.captured({ reference: referenceFor(opId) }) };
    const tell = () => tellFrom(gateway, from, sent);

    const answer = await tell();
    const kept = await storedAs(gateway, eventId);
    const { world, metrics } = gateway;
    const database = createDatabase({
      ...{ url: world.database.readerUrl, poolMax: 1, applicationName: 'test-sweep' },
    });
    const deps = {
      ...{ client: world.client, reads: world.reads, metrics, inbox: createInbox(database) },
      ...{
        log: gateway.log,
        tracing: startTracing({ service: 'test-sweep' }),
        outageOf: () => undefined,
        judgeLate: () => Promise.reject(new Error(opId)),
      },
    };
    const swept = [await applyWaiting(deps, 10), await applyWaiting(deps, 10)];
    await database.close(1_000);

    expect([answer.status, answer.body.code]).toEqual([503, 'unavailable']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(kept).toMatchObject([{ op_id: opId, state: 'received' }]);
    expect(swept).toEqual([1, 0]);
    expect(await signalsOf(gateway, opId)).toMatchObject([{ kind: 'captured' }]);
    expect((await tell()).body.state).toBe('applied');
    expect(await storedAs(gateway, eventId)).toMatchObject([{ state: 'applied' }]);
  });
});

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  );
}
