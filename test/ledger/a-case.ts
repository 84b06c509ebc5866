import { afterAll, beforeAll } from 'vitest';
import { createDatabase } from '../../src/database/index.js';
import type { CaseAction, Decision } from '../../src/domain/index.js';
import { type CaseRow, type Cases, createCases } from '../../src/ledger/index.js';
import type { aWorld } from './world.js';

/** Why the payments of these tests parked. */
export const reason = 'the provider gave no answer';
/** The two people who decide. */
export const both = ['ada', 'bob'] as const;

/** The cases of this test file's world, as the gateway's role sees them. */
export function aCaseDesk(here: ReturnType<typeof aWorld>) {
  let made: Cases | undefined;
  let end: (() => Promise<void>) | undefined;
  beforeAll(() => {
    const settings = { poolMax: 8, acquireTimeoutMs: 20_000, applicationName: 'test-cases' };
    const gateway = createDatabase({ ...settings, url: here.world.urls.readerUrl });
    made = createCases(gateway);
    end = () => gateway.close(1_000);
  });
  afterAll(() => end?.());
  const desk = {
    get cases() {
      if (made === undefined) throw new Error('the desk is made before the first test');
      return made;
    },
    aParkedPayment: () => aParkedPayment(here, desk.cases),
  };
  return desk;
}

/** A payment of 30 of 100 that parked, with its case. */
async function aParkedPayment(here: ReturnType<typeof aWorld>, cases: Cases) {
  const tenant = here.aTenant();
  await tenant.open('alice', { funds: 100 });
  const envelope = await tenant.held({ account: 'alice', amount: 30 });
  const { ledger } = here.world;
  const park = (change: string, because = reason) =>
    ledger.notePhase(envelope.opId, change, 'parked', { reason: because });
  await park('parked.1');
  const the = async (): Promise<CaseRow> => {
    const { rows } = await cases.list(tenant.tenant, {}, { limit: 1 });
    if (rows[0] === undefined) throw new Error('there is no case');
    return rows[0];
  };
  const { id } = await the();
  const act = (
    action: CaseAction,
    principal: string,
    chargeId = action === 'settle' ? 'ch_1' : undefined,
  ) =>
    cases.act({
      ...{ tenant: tenant.tenant, caseId: id, action, principal, actor: principal },
      ...{ reason: `${principal} looked`, ...(chargeId !== undefined && { chargeId }) },
    });
  const release = (by: Decision['by']) =>
    ledger.release(envelope, { kind: 'by-hand', by, code: 'released-by-hand' });
  const settle = (by: Decision['by'], chargeId = 'ch_1') =>
    ledger.settle(envelope.opId, { kind: 'by-hand', by, chargeId });
  return { tenant, envelope, park, the, act, release, settle };
}
