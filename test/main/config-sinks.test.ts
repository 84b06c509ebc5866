import { expect, test } from 'vitest';
import { relayConfig } from '../../src/main/config.js';
import { enough, mistakesOf } from './an-environment.js';

const [secret, older] = [Buffer.alloc(32, 3), Buffer.alloc(24, 4)];
const [secretText, olderText] = [secret, older].map((it) => `whsec_${it.toString('base64')}`);
const complete = {
  ...{ ...enough, EVENT_SINKS: 'log, webhook, nats' },
  ...{ EVENT_WEBHOOK_URL: 'https://example.com/events?for=us', NATS_URL: 'nats://a:4222,nats://b' },
  EVENT_WEBHOOK_SECRETS: `${secretText},${olderText}`,
};

test('serves several sinks, each with what it needs', () => {
  expect(relayConfig(complete).sinks).toEqual({
    retryMs: 72 * 3_600_000,
    each: [
      { name: 'log' },
      {
        ...{ name: 'webhook', url: 'https://example.com/events?for=us' },
        secrets: [Uint8Array.from(secret), Uint8Array.from(older)],
      },
      { name: 'nats', servers: ['nats://a:4222', 'nats://b'] },
    ],
  });
});

test('asks for nothing of a sink that it does not serve', () => {
  expect(relayConfig(enough).sinks.each).toEqual([{ name: 'log' }]);
  expect(relayConfig({ ...enough, EVENT_WEBHOOK_URL: 'x' }).sinks.each).toEqual([{ name: 'log' }]);
});

test('lets webhooks be http to this machine where that is said', () => {
  const url = 'http://localhost:8080/events';
  const environment = { ...complete, EVENT_WEBHOOK_URL: url };
  const { sinks } = relayConfig({ ...environment, EVENT_WEBHOOK_LOOPBACK: 'on' });

  expect(sinks.each[1]).toMatchObject({ url });
  expect(mistakesOf(() => relayConfig(environment))).toEqual([
    expect.stringMatching(/^EVENT_WEBHOOK_URL must be https, unless EVENT_WEBHOOK_LOOPBACK=on/),
  ]);
});

test('refuses sinks without what they need, all mistakes together', () => {
  const mistakes = mistakesOf(() => relayConfig({ ...enough, EVENT_SINKS: 'webhook,nats' }));

  expect(mistakes).toEqual([
    'EVENT_WEBHOOK_URL is missing; write for example EVENT_WEBHOOK_URL=https://example.com/events',
    expect.stringMatching(/^EVENT_WEBHOOK_SECRETS is missing/),
    'NATS_URL is missing; write for example NATS_URL=nats://127.0.0.1:4222',
  ]);
});

test.each([
  ['EVENT_SINKS', 'log,log'],
  ['EVENT_SINKS', 'kafka'],
  ['EVENT_WEBHOOK_URL', 'http://example.com/'],
  ['EVENT_WEBHOOK_URL', 'https://10.0.0.1/hunter2'],
  ['EVENT_WEBHOOK_URL', 'https://user:hunter2@example.com/'],
  ['EVENT_WEBHOOK_URL', 'ftp://example.com/'],
  ['EVENT_WEBHOOK_SECRETS', 'whsec_hunter2'],
  ['EVENT_WEBHOOK_SECRETS', `${secretText},${secretText},${olderText}`],
  ['EVENT_WEBHOOK_LOOPBACK', 'true'],
  ['NATS_URL', 'nats://user:hunter2@a:4222'],
  ['NATS_URL', 'nats://a,tls://b'],
  ['NATS_URL', 'http://a:4222'],
  ['NATS_CREDS', '/nowhere/holdfast.creds'],
])('refuses %s=%s, and does not show it', (name, value) => {
  const mistakes = mistakesOf(() => relayConfig({ ...complete, [name]: value }));

  expect(mistakes).toEqual([expect.stringMatching(new RegExp(`^${name} (must|names no file)`))]);
  expect(mistakes.join()).not.toMatch(/hunter2|AwMD/);
});

test('reads what notices need where they are served, and only there', () => {
  const { PAYLOAD_KEYS: _, ...without } = enough;
  const { sinks } = relayConfig({ ...enough, EVENT_SINKS: 'notices' });

  expect(sinks.each).toMatchObject([{ name: 'notices', temporal: { taskQueue: 'holdfast' } }]);
  expect(relayConfig(without).sinks.each).toEqual([{ name: 'log' }]);
  expect(mistakesOf(() => relayConfig({ ...without, EVENT_SINKS: 'notices' }))).toEqual([
    expect.stringMatching(/^PAYLOAD_KEYS/),
  ]);
});
