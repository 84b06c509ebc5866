import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import type { NoticeDeps } from '../../src/activities/index.js';
import type { KeyRing } from '../../src/client/index.js';
import { createDatabase, type Database } from '../../src/database/index.js';
import { type Channel, parseRecipient, type Recipient } from '../../src/domain/index.js';
import { keptAddresses } from '../../src/gateway/recipients.js';
import { createLetters, createNoticeDesk, type NoticeDesk } from '../../src/ledger/index.js';
import { aMailbox, type Mailbox, type Misbehaviour, theChannels } from './a-channel.js';

/** Whom notices of a test are for, and what came of them at the other end. */
export interface PostOffice {
  readonly mailbox: Mailbox;
  readonly desk: NoticeDesk;
  /** What a worker needs to send. */
  readonly deps: NoticeDeps;
  /** Registers a recipient with addresses of its own on all channels, or on those given. */
  recipient(given?: Partial<Recipient> & { readonly on?: readonly Channel[] }): Promise<string>;
  /** How the next sends to this recipient on this channel misbehave, one after the other. */
  bend(recipient: string, channel: Channel, ...faults: readonly Misbehaviour[]): void;
  close(): Promise<void>;
}

const digits = () => `${Math.floor(Math.random() * 900_000) + 100_000}1`;

/** An address that no other test uses. */
const fresh: Readonly<Record<Channel, () => string>> = {
  push: () => `device_${nanoid(40)}`,
  sms: () => `+43664${digits()}`,
  email: () => `${nanoid(12).toLowerCase().replaceAll(/[-_]/g, 'x')}@example.com`,
  webhook: () => `https://hooks.example.com/${nanoid()}`,
};
const everywhere = ['push', 'sms', 'email', 'webhook'] as const;

export async function aPostOffice(
  { database, readerUrl }: { readonly database: Database; readonly readerUrl: string },
  tenant: string,
  keys: KeyRing,
): Promise<PostOffice> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-mail-'));
  const mailbox = aMailbox(join(directory, 'mail.jsonl'));
  const reader = createDatabase({ url: readerUrl, poolMax: 1, applicationName: 'test-desk' });
  const desk = createNoticeDesk(reader);
  const homes = new Map<string, Readonly<Partial<Record<Channel, string>>>>();
  const faults = new Map<string, Misbehaviour[]>();
  return {
    ...{ mailbox, desk },
    deps: {
      channels: theChannels(mailbox, (_, to) => faults.get(to)?.shift()),
      letters: createLetters(database),
      open: keys.open,
      limitPerHour: 20,
    },
    recipient: async ({ on = everywhere, ...given } = {}) => {
      const id = `rcp_${nanoid(10).replaceAll(/[-_]/g, 'x')}`;
      const addresses = Object.fromEntries(on.map((channel) => [channel, fresh[channel]()]));
      const whole = { locale: 'en', timeZone: 'Europe/Vienna', addresses, ...given };
      const parsed = parseRecipient(whole);
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
      const { addresses: asked, ...settings } = parsed.value;
      const kept = keptAddresses(keys, { tenant, id }, asked);
      if (!kept.ok) throw new Error(JSON.stringify(kept.faults));
      const by = { principal: 'tester', trace: 'a'.repeat(32) };
      const answer = await desk.put({ tenant, id }, by, settings, kept.value);
      if (answer.kind !== 'registered') throw new Error(JSON.stringify(answer));
      homes.set(id, asked);
      return id;
    },
    bend: (recipient, channel, ...next) => {
      faults.set(homes.get(recipient)?.[channel] ?? '', [...next]);
    },
    close: async () => {
      await reader.close(1_000);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
