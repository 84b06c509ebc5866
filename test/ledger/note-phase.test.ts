import { describe, expect, test } from 'vitest';
import { aWorld } from './world.js';

const here = aWorld();

describe('notePhase', () => {
  test('writes where an operation stands, with its reason', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const { opId } = await tenant.held({ account: 'alice', amount: 1 });

    const noted = await here.world.ledger.notePhase(opId, 'doubt.1', 'in-doubt', {
      reason: 'slow',
    });

    expect(noted).toMatchObject({ kind: 'noted', phase: 'in-doubt', detail: { reason: 'slow' } });
    expect(await here.world.reads.operation(tenant.tenant, opId)).toMatchObject({
      state: 'IN_PROGRESS',
      phase: 'in-doubt',
    });
    expect(await tenant.violations()).toEqual([]);
  });

  test('repeated late does not bring an earlier phase back', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const { opId } = await tenant.held({ account: 'alice', amount: 1 });
    const note = (change: string, phase: 'in-doubt' | 'parked') =>
      here.world.ledger.notePhase(opId, change, phase, {});
    await note('doubt.1', 'in-doubt');
    await note('parked.1', 'parked');

    const late = await note('doubt.1', 'in-doubt');

    expect(late).toMatchObject({ kind: 'noted', replayed: true });
    expect(await here.world.reads.operation(tenant.tenant, opId)).toMatchObject({
      phase: 'parked',
    });
  });

  test('is a conflict for an operation that is final, and for one that is not there', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const envelope = await tenant.held({ account: 'alice', amount: 1 });
    await here.world.ledger.release(envelope, { kind: 'withdrawn' });
    const absent = tenant.payment({ account: 'alice', amount: 1 }).opId;
    const before = await tenant.everything();

    const answers = [
      await here.world.ledger.notePhase(envelope.opId, 'doubt.1', 'in-doubt', {}),
      await here.world.ledger.notePhase(absent, 'doubt.1', 'in-doubt', {}),
    ];

    expect(answers).toEqual([
      { kind: 'conflict', reason: 'operation-FAILED' },
      { kind: 'conflict', reason: 'operation-missing' },
    ]);
    expect(await tenant.everything()).toBe(before);
  });
});
