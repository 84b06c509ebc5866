import { describe, expect, test } from 'vitest';
import { captureOf, declineOf } from '../support/envelopes.js';
import { aWorld } from './world.js';

const here = aWorld();
const pay = { account: 'alice', amount: 30 };

describe('an operation', () => {
  test('keeps the whole command, who asked, its budget and what was sealed', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const sealed = Buffer.from([0, 1, 254, 255, 92, 39]).toString('base64');
    const acceptedAt = Date.now();
    const envelope = tenant.payment(pay, {
      principal: 'alice',
      actor: 'carol',
      bizKey: 'order-7',
      idemKey: 'order-7-try-1',
      sealed,
      acceptedAt,
      timeBudgetMs: 90_000,
    });

    await here.world.ledger.hold(envelope);

    const [row] = await here.world.rows(
      `select principal, actor, biz_key, idem_key, command, digests, fingerprint, account,
              amount, currency, encode(sealed, 'base64') as sealed,
              (extract(epoch from accepted_at) * 1000)::bigint::text as accepted,
              (extract(epoch from budget_ends_at - accepted_at) * 1000)::int as budget
         from ledger.operation where op_id = $1`,
      envelope.opId,
    );
    expect(row).toEqual({
      principal: 'alice',
      actor: 'carol',
      biz_key: 'order-7',
      idem_key: 'order-7-try-1',
      command: envelope.command,
      digests: envelope.digests,
      fingerprint: envelope.fingerprint,
      account: 'alice',
      amount: 30,
      currency: 'EUR',
      sealed,
      accepted: String(acceptedAt),
      budget: 90_000,
    });
  });

  test('has its own id as business key when nobody named one', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const { opId } = await tenant.held(pay);

    const row = await here.world.reads.operation(tenant.tenant, opId);

    expect(row).toMatchObject({ bizKey: opId });
  });
});

describe('the events of an operation', () => {
  test.each([
    ['settled', ['hold.held', 'payment.in-doubt', 'payment.settled']],
    ['released', ['hold.held', 'payment.in-doubt', 'payment.refused']],
  ])('are numbered from 1 and each has an audit line, when %s', async (end, types) => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const envelope = tenant.payment(pay, { actor: 'carol', bizKey: 'order-7' });
    const { ledger } = here.world;
    await ledger.hold(envelope);
    await ledger.notePhase(envelope.opId, 'doubt.1', 'in-doubt', { reason: 'slow' });
    if (end === 'settled') await ledger.settle(envelope.opId, captureOf(envelope));
    else await ledger.release(envelope, declineOf(envelope));

    const events = await here.world.rows<{ seq: number; type: string; data: object }>(
      'select seq, type, data from ledger.outbox where subject = $1 order by seq',
      envelope.opId,
    );
    const lines = await here.world.rows<{ action: string; principal: string; actor: string }>(
      'select action, principal, actor from ledger.audit where subject = $1 order by id',
      envelope.opId,
    );

    expect(events.map(({ seq, type }) => [seq, type])).toEqual(
      types.map((type, n) => [n + 1, type]),
    );
    for (const { data } of events) {
      expect(data).toMatchObject({ bizKey: 'order-7', account: 'alice' });
    }
    expect(lines).toEqual(types.map((action) => ({ action, principal: 'alice', actor: 'carol' })));
    expect(await tenant.violations()).toEqual([]);
  });

  test('are one, and final, when the hold was refused', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice');
    const envelope = tenant.payment(pay);
    await here.world.ledger.hold(envelope);

    const events = await here.world.rows(
      'select seq, type, data ->> $2 as code from ledger.outbox where subject = $1',
      envelope.opId,
      'code',
    );

    expect(events).toEqual([{ seq: 1, type: 'payment.refused', code: 'insufficient-funds' }]);
  });
});

describe('an attempt', () => {
  const attemptsOf = (opId: string) =>
    here.world.rows<{ n: number; key: string; outcome: { kind: string } | null }>(
      `select n, key, a.outcome from ledger.attempt a join ledger.operation o on o.id = a.op
        where o.op_id = $1`,
      opId,
    );

  test('is written by the hold, before any call, and takes the proof as its outcome', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const envelope = await tenant.held(pay);
    const key = `${envelope.opId}:charge.1:1`;

    expect(await attemptsOf(envelope.opId)).toEqual([{ n: 1, key, outcome: null }]);
    await here.world.ledger.settle(envelope.opId, captureOf(envelope));
    expect(await attemptsOf(envelope.opId)).toEqual([{ n: 1, key, outcome: captureOf(envelope) }]);
  });

  test('takes the decline as its outcome when the money is given back', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const envelope = await tenant.held(pay);

    await here.world.ledger.release(envelope, declineOf(envelope));

    expect(await attemptsOf(envelope.opId)).toMatchObject([{ outcome: declineOf(envelope) }]);
  });

  test('is not made for a transfer inside the ledger, nor for a refused hold', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    await tenant.open('bob');
    const transfer = await tenant.held({ ...pay, payTo: 'bob', method: 'balance' });
    const refused = tenant.payment({ ...pay, amount: 1_000 });
    await here.world.ledger.hold(refused);

    expect(await attemptsOf(transfer.opId)).toEqual([]);
    expect(await attemptsOf(refused.opId)).toEqual([]);
  });
});

test('every row carries the tenant and the trace of the request that made it', async () => {
  const tenant = here.aTenant();
  const trace = '0123456789abcdef0123456789abcdef';
  const { ledger } = here.world;
  await ledger.openAccount(tenant.opening({ account: 'alice' }, { trace }));
  await ledger.fund(tenant.funding({ account: 'alice', amount: 100 }, { trace }));
  const envelope = tenant.payment(pay, { trace });
  await ledger.hold(envelope);
  await ledger.settle(envelope.opId, captureOf(envelope));

  const counts = await here.world.rows<{ rows: number; traced: number }>(
    ['operation', 'account', 'entry', 'hold', 'step', 'attempt', 'outbox', 'audit']
      .map(
        (
          table,
        ) => `select count(*)::int as rows, (count(*) filter (where trace = $2))::int as traced
                      from ledger.${table} where tenant = $1`,
      )
      .join(' union all '),
    tenant.tenant,
    trace,
  );

  expect(counts.every(({ rows, traced }) => rows > 0 && rows === traced)).toBe(true);
});
