import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AccountId, commands, type OpId } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import { type Answer, aGateway, type Sent, type TestGateway } from './a-gateway.js';

const ada: Sent = { as: 'operator', sub: 'ada' };
const bob: Sent = { as: 'operator', sub: 'bob' };

describe('cases', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await aGateway({ requestTimeoutMs: 300, ladderMs: [50, 50] });
    await gateway.world.work();
  });
  afterAll(() => gateway.stop());

  let amounts = 40_00;
  /** A payment that was charged at the provider, which did not say so: parked, with its case. */
  async function aParkedPayment() {
    amounts += 1;
    const amount = amounts;
    const { world } = gateway;
    const account = await world.account(100_00);
    const post = { method: 'POST', path: '/charges', amount } as const;
    await world.fault({ fault: 'error-after', times: 1, match: post });
    await world.fault({ fault: 'error-before', match: { method: 'GET', path: '/charges' } });
    const opId = await world.pay({ account, amount });
    const id = await eventually(() => caseOf(opId));
    await isParked(opId);
    return { account, amount, opId, id };
  }

  async function caseOf(opId: OpId): Promise<string> {
    const { body } = await gateway.send('GET', '/v1/cases?state=open', ada);
    const found = body.data.find((one) => one.opId === opId);
    if (found === undefined) throw new Error(`no case of ${opId}`);
    return found.id;
  }

  /** Its workflow stands still, which is later than its row says so. */
  async function isParked(opId: OpId): Promise<void> {
    const { temporal } = gateway.world;
    await eventually(async () => {
      const { typedSearchAttributes } = await temporal.workflow.getHandle(opId).describe();
      const values = typedSearchAttributes.getAll().map(({ value }) => value);
      if (!values.includes('parked')) throw new Error(`${opId} is not parked`);
    });
  }

  const act = (id: string, action: string, by: Sent, body: object = { reason: 'I looked' }) =>
    gateway.send('POST', `/v1/cases/${id}/${action}`, { ...by, body });
  const show = async (id: string) => (await gateway.send('GET', `/v1/cases/${id}`, ada)).body;
  const said = ({ status, body }: Answer) => [status, body.code ?? body.state];

  async function ended(opId: OpId, account: AccountId) {
    const { world } = gateway;
    const result = await world.client.result(opId, 10_000);
    return { result, available: await world.available(account), rules: await world.disagreeing() };
  }

  test('of a parked payment says what is at risk, what is known and what to do', async () => {
    const { opId, id, amount } = await aParkedPayment();

    expect(await show(id)).toMatchObject({
      ...{ id, opId, kind: 'parked', state: 'open', approvals: [] },
      ...{ amountAtRisk: amount, currency: 'EUR', reason: 'the provider gave no answer' },
      advice: expect.stringMatching(/verify/),
      evidence: { attempts: [{ reference: `${opId}:charge.1:1`, amount }] },
    });
  });

  test.each(['verify', 'retry'])('end when %s finds the charge', async (action) => {
    const { opId, id, account, amount } = await aParkedPayment();
    await gateway.world.heal();

    expect(said(await act(id, action, ada))[0]).toBe(202);

    const result = { kind: 'settled', minor: amount };
    expect(await ended(opId, account)).toMatchObject({ result, rules: [] });
    expect(await show(id)).toMatchObject({ state: 'ended', endedBy: 'workflow', amountAtRisk: 0 });
    expect(await audited(id)).toEqual([{ principal: 'ada', action: `case.${action}` }]);
  });

  test('are released by two people, and not by one', async () => {
    const { opId, id, account } = await aParkedPayment();

    const answers = [await act(id, 'release', ada), await act(id, 'release', ada)];
    const standing = await gateway.world.available(account);
    const second = await act(id, 'release', bob);

    expect(answers.map(said)).toEqual([
      [202, 'approved-once'],
      [409, 'second-person-required'],
    ]);
    expect(standing).toBeLessThan(100_00);
    expect(second.status).toBe(202);
    const result = { kind: 'fail', code: 'released-by-hand' };
    expect(await ended(opId, account)).toMatchObject({ result, available: 100_00, rules: [] });
    expect(await show(id)).toMatchObject({ state: 'ended', endedBy: 'ada, bob' });
    const line = { action: 'case.release' };
    expect(await audited(id)).toEqual([
      { principal: 'ada', ...line },
      { principal: 'bob', ...line },
    ]);
  });

  test('are settled once, however often two people say so at once', async () => {
    const { opId, id, account, amount } = await aParkedPayment();
    const body = { reason: 'seen in their books', chargeId: 'ch_9' };

    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) => act(id, 'settle', n % 2 === 0 ? ada : bob, body)),
    );

    expect(answers.every(({ status }) => status === 202 || status === 409)).toBe(true);
    const result = { kind: 'settled', minor: amount, chargeId: 'ch_9' };
    const available = 100_00 - amount;
    expect(await ended(opId, account)).toMatchObject({ result, available, rules: [] });
    const moved = await gateway.world.database.owner`
      select e.posted_delta from ledger.entry e join ledger.operation o on o.id = e.op
       where o.op_id = ${opId} and e.posted_delta < 0`;
    expect([...moved]).toHaveLength(1);
  });

  test('have one winner when a release by hand meets a charge that is found', async () => {
    const { opId, id, account, amount } = await aParkedPayment();
    await act(id, 'release', ada);
    await gateway.world.heal();

    await Promise.all([act(id, 'verify', ada), act(id, 'release', bob)]);

    const { result, available, rules } = await ended(opId, account);
    const outcomes = [
      ['settled', 100_00 - amount],
      ['fail', 100_00],
    ];
    expect(outcomes).toContainEqual([result?.kind, available]);
    expect(rules).toEqual([]);
    expect(await show(id)).toMatchObject({ state: 'ended', amountAtRisk: 0 });
  });

  test('are carried out by a repetition when the one who decided died before telling', async () => {
    const { opId, id, account } = await aParkedPayment();
    const { world } = gateway;
    for (const one of ['ada', 'bob']) {
      await world.database.owner`
        select ledger.case_act_v1(${world.tenant}, ${id}, 'release', ${one}, ${one}, 'x', null)`;
    }
    const before = await show(id);

    const repeated = await act(id, 'release', bob);

    expect(before.state).toBe('decided');
    expect(repeated.status).toBe(202);
    expect(await ended(opId, account)).toMatchObject({ available: 100_00, rules: [] });
  });

  test.each([
    ['settle', 'settled', 70_00],
    ['release', 'fail', 100_00],
  ] as const)('of a payout %s it by hand too', async (action, kind, available) => {
    const { world } = gateway;
    const account = await world.account(100_00);
    for (const method of ['POST', 'GET'] as const) {
      await world.fault({ fault: 'error-before', match: { method, path: '/payouts' } });
    }
    const payload = { account, amount: 30_00, currency: 'EUR', destination: 'bank_1' };
    const { opId } = await world.client.start({ ...commands.payout, idemKey: nanoid(), payload });
    const id = await eventually(() => caseOf(opId));
    await isParked(opId);

    for (const person of [ada, bob]) await act(id, action, person);

    expect(await ended(opId, account)).toMatchObject({ result: { kind }, available, rules: [] });
    await world.heal();
  });

  test('take no decision that nobody approved from a workflow that was told one', async () => {
    const { opId, id, account, amount } = await aParkedPayment();
    const { world } = gateway;

    await world.client.decide(opId, { action: 'release', by: ['eve', 'mallory'] });

    await eventually(async () => {
      const { reason } = await show(id);
      if (!String(reason).includes('evidence-mismatch')) throw new Error(String(reason));
    });
    expect(await world.available(account)).toBe(100_00 - amount);
    expect(await show(id)).toMatchObject({ state: 'open', amountAtRisk: amount });
    await isParked(opId);
    await world.heal();
    await act(id, 'verify', ada);
    expect(await ended(opId, account)).toMatchObject({ result: { kind: 'settled' }, rules: [] });
  });

  test('refuse to be accepted while parked, to be guessed, and to be decided after', async () => {
    const { opId, id } = await aParkedPayment();
    const calls = [
      await act(id, 'accept', ada),
      await act(id, 'release', ada, {}),
      await act(id, 'release', ada, { reason: '' }),
      await act(id, 'release', ada, { reason: 'x', chargeId: 'ch_1' }),
      await act(id, 'settle', ada, { reason: 'x' }),
      await act(id, 'verify', { ...ada, tenant: 'another' }),
      await act('case_unknown', 'verify', ada),
      await act(id, 'verify', { as: 'merchant', sub: 'm' }),
      await act(id, 'release', { as: 'customer', sub: 'c' }),
      await gateway.send('GET', '/v1/cases', { as: 'customer', sub: 'c' }),
      await gateway.send('GET', `/v1/cases/${id}`, { ...ada, tenant: 'another' }),
      await gateway.send('GET', '/v1/cases?state=lost', ada),
    ];
    await gateway.world.heal();
    await act(id, 'verify', ada);
    await gateway.world.client.result(opId);
    const after = await act(id, 'release', bob);

    expect([...calls, after].map(said)).toEqual([
      [409, 'invalid-state'],
      [422, 'field-required'],
      [422, 'field-required'],
      [422, 'unknown-field'],
      [422, 'field-required'],
      [404, 'case-unknown'],
      [404, 'case-unknown'],
      [403, 'forbidden'],
      [403, 'forbidden'],
      [403, 'forbidden'],
      [404, 'case-unknown'],
      [400, 'query-invalid'],
      [409, 'invalid-state'],
    ]);
  });

  test('say that nobody can carry it out when Temporal lost the workflow', async () => {
    const { opId, id } = await aParkedPayment();
    await gateway.world.temporal.workflow.getHandle(opId).terminate();

    expect(said(await act(id, 'verify', ada))).toEqual([409, 'workflow-missing']);
  });

  test('are listed in pages, newest first, by their state', async () => {
    await aParkedPayment();
    await aParkedPayment();
    const path = '/v1/cases?state=open&limit=1';

    const first = await gateway.send('GET', path, ada);
    const second = await gateway.send('GET', `${path}&cursor=${first.body.next}`, ada);

    const [newest] = first.body.data;
    const [older] = second.body.data;
    expect([first.body.data.length, second.body.data.length]).toEqual([1, 1]);
    expect(String(newest?.['openedAt']) >= String(older?.['openedAt'])).toBe(true);
    expect(newest?.id).not.toBe(older?.id);
  });

  async function audited(id: string) {
    const rows = await gateway.world.database.owner<{ principal: string; action: string }[]>`
      select principal, action from ledger.audit where subject = ${id} order by id`;
    return [...rows];
  }
});
