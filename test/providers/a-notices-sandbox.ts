import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Channel } from '../../src/domain/index.js';
import type { ChannelProvider, Delivery } from '../../src/providers/channel.js';
import { createEmailChannel } from '../../src/providers/email/index.js';
import { createFcmChannel, type ServiceAccount } from '../../src/providers/fcm/index.js';
import { createNoticeWebhookChannel } from '../../src/providers/notice-webhook/index.js';
import {
  createNoticesSandbox,
  readNoticesLedger,
} from '../../src/providers/notices-sandbox/index.js';
import type { SandboxLogLine } from '../../src/providers/sandbox/index.js';
import { createTwilioChannel } from '../../src/providers/twilio/index.js';
import { aFolder } from './a-sandbox.js';

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const projectId = 'holdfast-test';
const email = 'sender@holdfast-test.iam.gserviceaccount.com';

export const twilioAccount = {
  accountSid: `AC${'0'.repeat(32)}`,
  authToken: 'twilio-auth-token-of-the-tests',
} as const;
export const webhookSecret = new Uint8Array(32).fill(7);
const from = 'notices@holdfast.example';

export interface NoticesSandboxTest {
  /** Of Twilio's callbacks; none when left out. */
  readonly callbackUrl?: string;
  readonly timeoutMs?: number;
}

/** The far side of all channels, and each channel's adapter; gone when the test ends. */
export async function aNoticesSandbox({ callbackUrl, timeoutMs = 2_000 }: NoticesSandboxTest = {}) {
  const file = join(await aFolder(), 'notices.jsonl');
  const lines: SandboxLogLine[] = [];
  const sandbox = await createNoticesSandbox({
    ...{ file, port: 0, smtpPort: 0, onLog: (line) => lines.push(line) },
    fcm: { projectId, email, privateKey },
    twilio: twilioAccount,
    webhookSecrets: [webhookSecret],
  });
  onTestFinished(async () => void (await sandbox.close()));
  const { url: endpoint, smtpUrl } = sandbox;
  const tokenUrl = `${endpoint}/token`;
  const account: ServiceAccount = { projectId, keyId: 'one', privateKey, email, tokenUrl };
  const { hostname: host, port } = new URL(smtpUrl);
  const server = { host, port: Number(port), secure: false, requireTLS: false };
  const common = { endpoint, timeoutMs };

  const channels: Readonly<Record<Channel, ChannelProvider>> = {
    push: createFcmChannel({ ...common, account }),
    sms: createTwilioChannel({ ...common, ...twilioAccount, callbackUrl, from: '+14155550100' }),
    email: createEmailChannel({ server, from, timeoutMs }),
    webhook: createNoticeWebhookChannel({ secrets: [webhookSecret], loopback: true, timeoutMs }),
  };

  return {
    ...{ endpoint, channels, account, server, lines },
    delivered: () => readNoticesLedger(file),
    async misbehave(rule: object): Promise<void> {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify(rule);
      const { status } = await fetch(`${endpoint}/faults`, { method: 'POST', headers, body });
      if (status !== 201) throw new Error(`the rule was refused with ${status}`);
    },
    /** Who is told in tests of this channel. */
    addressOf: (channel: Channel) =>
      channel === 'webhook' ? `${endpoint}/hooks/ada?key=secret-of-the-url` : people[channel],
  };
}

const people = {
  push: `${'d'.repeat(22)}:APA91b${'x'.repeat(40)}`,
  sms: '+4915123456789',
  email: 'ada.lovelace@example.com',
} as const;

/** What is sent in most tests. */
export function aDelivery(to: string, over: Partial<Delivery> = {}): Delivery {
  return {
    ...{ deliveryId: 'op_one:notice.1', to, subject: 'Hello', text: 'Words for Ada alone' },
    ...{ html: '<p>Words for Ada alone</p>', trace: '0af7651916cd43dd8448eb211c80319c' },
    ...over,
  };
}
