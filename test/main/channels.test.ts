import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { channels } from '../../src/domain/index.js';
import { childEnvironment, workerConfig } from '../../src/main/config.js';
import { composeChannels } from '../../src/main/compose-channels.js';
import { stackNotices } from '../../src/main/stack-notices.js';
import { createStackProcess } from '../../src/main/stack-process.js';
import { readNoticesLedger } from '../../src/providers/notices-sandbox/index.js';
import { freePort } from '../../src/servers/port.js';
import { createLog, createMetrics, startTracing } from '../../src/telemetry/index.js';
import { aDelivery } from '../providers/a-notices-sandbox.js';
import { aFolder } from '../providers/a-sandbox.js';
import { aDatabase, type TestDatabase } from '../support/database.js';
import { enough } from './an-environment.js';

let here: TestDatabase;
beforeAll(async () => {
  here = await aDatabase();
});
afterAll(() => here.drop());

const to = {
  push: 'd'.repeat(64),
  sms: '+4915123456789',
  email: 'ada@example.com',
} as const;

function composed(environment: Readonly<Record<string, string>>) {
  const service = 'test';
  return composeChannels(workerConfig({ ...enough, ...environment }).channels, {
    database: here.database,
    log: createLog({ service, level: 'silent' }),
    metrics: createMetrics({ service }),
    tracing: startTracing({ service }),
  });
}

/** The far side of all channels, as a process, and the environment of those who send to it. */
async function aFarSide() {
  const [gateway, notices, noticesSmtp] = [await freePort(), await freePort(), await freePort()];
  const cwd = await aFolder();
  const { environment, ledgerFile } = await stackNotices(cwd, { gateway, notices, noticesSmtp });
  const url = `http://127.0.0.1:${notices}`;
  const process = createStackProcess({
    ...{ name: 'notices', entry: 'notices-sandbox', cwd, onProgress: () => undefined },
    environment: childEnvironment({ HOST: '127.0.0.1', LOG_LEVEL: 'info', ...environment }),
    readyUrl: `${url}/livez`,
  });
  return { ...{ environment, ledgerFile, process }, hook: `${url}/hooks/ada` };
}

test('sends on every channel, to a far side that forgets nothing when it is killed', async () => {
  const { environment, ledgerFile, process, hook } = await aFarSide();
  onTestFinished(async () => void (await process.stop()));
  await process.start();
  const providers = composed(environment);
  const since = Date.now();

  const sent = await Promise.all(
    channels.map((channel) =>
      providers[channel].send(aDelivery({ ...to, webhook: hook }[channel])),
    ),
  );
  await process.kill();
  const kept = await readNoticesLedger(ledgerFile);
  await process.start();
  const found = await providers.sms.find?.('op_one:notice.1', to.sms, since);

  expect(sent.map(({ kind }) => kind)).toEqual(channels.map(() => 'sent'));
  expect(kept.map(({ channel }) => channel).sort()).toEqual([...channels].sort());
  expect(new Set(kept.map(({ deliveryId }) => deliveryId))).toEqual(new Set(['op_one:notice.1']));
  expect(found).toEqual(sent[channels.indexOf('sms')]);
}, 60_000);

test.each(channels)('refuses on %s when nobody has set it up', async (channel) => {
  expect(await composed({})[channel].send(aDelivery('anybody'))).toMatchObject({
    ...{ kind: 'fail', code: 'channel-not-configured' },
  });
});

test('calls a channel that is gone no more for a while, unlike a receiver', async () => {
  const { environment, hook } = await aFarSide();
  const { sms, webhook } = composed(environment);
  const reasonOf = async (of: typeof sms, address: string) => {
    const answer = await of.send(aDelivery(address));
    return answer.kind === 'retry' && answer.reason;
  };

  const first = await reasonOf(sms, to.sms);
  await vi.waitUntil(async () => (await reasonOf(sms, to.sms)) === 'breaker-open', 20_000);
  const hooks: unknown[] = [];
  for (let n = 1; n <= 15; n += 1) hooks.push(await reasonOf(webhook, hook));

  expect(first).toBe('no-connection');
  expect(new Set(hooks)).toEqual(new Set(['no-connection']));
}, 30_000);
