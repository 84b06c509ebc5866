import { nanoid } from 'nanoid';
import { afterAll, beforeAll } from 'vitest';
import { createDatabase } from '../../src/database/index.js';
import type { CorrectionPayload } from '../../src/domain/index.js';
import { createFindingDesk, createFindings, type FindingDesk } from '../../src/ledger/index.js';
import type { aWorld, Tenant } from './world.js';

/** What somebody wants booked; 10 EUR for alice, unless it says otherwise. */
export type Wanted = Partial<Omit<CorrectionPayload, 'account'>> & { readonly account?: string };

/** The findings of this test file's world, as the gateway's role sees them. */
export function aFindingDesk(here: ReturnType<typeof aWorld>) {
  let made: FindingDesk | undefined;
  let end: (() => Promise<void>) | undefined;
  beforeAll(() => {
    const settings = { poolMax: 8, acquireTimeoutMs: 20_000, applicationName: 'test-findings' };
    const gateway = createDatabase({ ...settings, url: here.world.urls.readerUrl });
    made = createFindingDesk(gateway);
    end = () => gateway.close(1_000);
  });
  afterAll(() => end?.());
  const desk = {
    get findings() {
      if (made === undefined) throw new Error('the desk is made before the first test');
      return made;
    },
    /** A finding about a payment of the tenant, or about nobody's, that a sweep saw. */
    async aFinding(tenant: Tenant, of: 'payment' | 'nobody' = 'payment') {
      const subject = `ch_${nanoid()}`;
      const opId =
        of === 'payment'
          ? { opId: (await tenant.held({ account: 'alice', amount: 1 })).opId }
          : undefined;
      const found = { kind: 'unknown-charge', subject, reference: subject, evidence: {}, ...opId };
      const { see } = createFindings(here.world.database);
      const sweep = async (isSeen = true) => {
        await see(nanoid(), [subject], isSeen ? [found] : [], 60_000);
      };
      await sweep();
      const { rows } = await desk.findings.list(tenant.tenant, {}, { limit: 1 });
      const finding = rows[0]?.id ?? '';
      const the = () => desk.findings.find(tenant.tenant, finding);
      const correct = (person: string, wanted: Wanted = {}, as = tenant) => {
        const payload = { ...usual, finding, ...wanted };
        return desk.findings.correct(as.correction(payload, person), `${person} looked`);
      };
      return { finding, sweep, the, correct, ...opId };
    },
  };
  return desk;
}

const usual = { account: 'alice', amount: 10, currency: 'EUR', direction: 'credit' } as const;
