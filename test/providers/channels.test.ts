import { type Channel, channels } from '../../src/domain/index.js';
import type { ChannelProvider } from '../../src/providers/channel.js';
import { createEmailChannel } from '../../src/providers/email/index.js';
import { createFcmChannel } from '../../src/providers/fcm/index.js';
import { createNoticeWebhookChannel } from '../../src/providers/notice-webhook/index.js';
import { createTwilioChannel } from '../../src/providers/twilio/index.js';
import { freePort } from '../../src/servers/port.js';
import { aDelivery, aNoticesSandbox, twilioAccount, webhookSecret } from './a-notices-sandbox.js';
import { type ChannelWords, type ChannelWorld, channelConformance } from './channel-conformance.js';

const words: Readonly<Record<Channel, ChannelWords>> = {
  push: { dead: 'UNREGISTERED', refused: 'SENDER_ID_MISMATCH', namesTime: true },
  sms: { dead: '21610', refused: '21408', namesTime: true },
  email: { dead: '550', refused: '554', namesTime: false },
  webhook: { dead: '410', refused: '404', namesTime: true },
};
/** Where faults strike, so that an access token is had in peace. */
const paths: Readonly<Record<Channel, string>> = {
  push: '/v1/projects/holdfast-test/messages:send',
  sms: `/2010-04-01/Accounts/${twilioAccount.accountSid}/Messages.json`,
  email: '/smtp',
  webhook: '/hooks',
};

for (const channel of channels) {
  channelConformance(channel, words[channel], () => aWorld(channel));
}

async function aWorld(channel: Channel): Promise<ChannelWorld> {
  // Nobody listens there: what becomes of callbacks is another test's business.
  const callbackUrl = 'http://127.0.0.1:9/twilio';
  const sandbox = await aNoticesSandbox({ callbackUrl, timeoutMs: 2_000 });
  const to = sandbox.addressOf(channel);
  const port = await freePort();
  return {
    provider: sandbox.channels[channel],
    delivery: aDelivery(to),
    secrets: [to, 'Words for Ada', twilioAccount.authToken, 'ya29.', 'secret-of-the-url'],
    misbehave: (rule) => sandbox.misbehave({ match: { path: paths[channel] }, ...rule }),
    delivered: sandbox.delivered,
    unreachable: () => unreachable(channel, sandbox, port),
  };
}

function unreachable(
  channel: Channel,
  { account, server }: Awaited<ReturnType<typeof aNoticesSandbox>>,
  port: number,
): ChannelProvider {
  const endpoint = `http://127.0.0.1:${port}`;
  const common = { endpoint, timeoutMs: 2_000 };
  switch (channel) {
    case 'push':
      return createFcmChannel({ ...common, account });
    case 'sms':
      return createTwilioChannel({ ...common, ...twilioAccount, from: 'Holdfast' });
    case 'email':
      return createEmailChannel({
        server: { ...server, port },
        from: 'a@b.example',
        timeoutMs: 2_000,
      });
    case 'webhook': {
      const options = { secrets: [webhookSecret], loopback: true, timeoutMs: 2_000 };
      const webhook = createNoticeWebhookChannel(options);
      const send: ChannelProvider['send'] = (delivery) =>
        webhook.send({ ...delivery, to: `${endpoint}/hooks/ada?key=secret-of-the-url` });
      return { ...webhook, send };
    }
  }
}
