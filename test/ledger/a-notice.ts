import { nanoid } from 'nanoid';
import { afterAll, beforeAll } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import type { Channel, Recipient } from '../../src/domain/index.js';
import { createNoticeDesk, type NoticeDesk } from '../../src/ledger/index.js';
import type { aWorld, Tenant } from './world.js';

/** An address as it is kept, with a digest of its own. */
export const keptAt = (channel: Channel, name: string) => ({
  ...{ channel, digest: name, masked: `***${name.slice(-2)}` },
  sealed: Buffer.from(name).toString('base64'),
});

export const by = { principal: 'ada', trace: 'a'.repeat(32) };
export const settings = { locale: 'en', timeZone: 'Europe/Vienna' } as const;

/** Recipients of a test's tenants, and notices to them, as the gateway's role registers them. */
export function aNoticeDesk(here: ReturnType<typeof aWorld>) {
  let reader: Database | undefined;
  let desk: NoticeDesk | undefined;
  beforeAll(() => {
    const { readerUrl: url } = here.world.urls;
    reader = createDatabase({ url, poolMax: 2, applicationName: 'test-notices' });
    desk = createNoticeDesk(reader);
  });
  afterAll(() => reader?.close(1_000));
  const made = {
    get desk() {
      if (desk === undefined) throw new Error('the desk is made before the first test');
      return desk;
    },
    /** With an address on each of the channels. */
    async aRecipient(
      { tenant }: Tenant,
      given: Partial<Omit<Recipient, 'addresses'>> = {},
      on: readonly Channel[] = ['sms', 'push'],
    ) {
      const key = { tenant, id: `rcp_${nanoid(8)}` };
      const kept = on.map((channel) => keptAt(channel, nanoid()));
      await made.desk.put(key, by, { ...settings, ...given }, kept);
      return { key, recipient: key.id };
    },
    /** A notice that was accepted, and its first delivery by SMS. */
    async begun(tenant: Tenant, recipient: string) {
      const { ledger } = here.world;
      const envelope = tenant.notice();
      const { opId } = envelope;
      await ledger.acceptNotice(envelope, recipient, 20);
      const begun = await ledger.beginDelivery(opId, 'sms', 1, 'run-1');
      if (begun.kind !== 'begun') throw new Error(JSON.stringify(begun));
      return { envelope, opId, ...begun };
    },
    async sent(tenant: Tenant, recipient: string) {
      const { opId, deliveryId } = await made.begun(tenant, recipient);
      return here.world.ledger.finishNotice(opId, { kind: 'sent', deliveryId });
    },
    async refused(tenant: Tenant, recipient: string) {
      const { opId, deliveryId } = await made.begun(tenant, recipient);
      const refusal = { kind: 'fail', code: 'notice-refused', message: 'refused' } as const;
      await here.world.ledger.recordDelivery(opId, deliveryId, refusal);
      return here.world.ledger.finishNotice(opId, { ...refusal, code: 'undeliverable' });
    },
  };
  return made;
}
