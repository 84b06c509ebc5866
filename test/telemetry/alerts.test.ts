import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type AlertKind, alertKinds } from '../../src/domain/index.js';
import { createAlerts, createPulse, createStanding } from '../../src/ledger/index.js';
import {
  createAlerter,
  createAlertWebhook,
  createLog,
  createMetrics,
} from '../../src/telemetry/index.js';
import { aReceiver, type Received } from '../support/a-receiver.js';
import { aDatabase, type TestDatabase } from '../support/database.js';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const silent = createLog({ service: 'test', level: 'silent' });
const linkBase = 'https://pay.example.com';

describe('alerts', () => {
  let here: TestDatabase;
  beforeAll(async () => {
    here = await aDatabase();
    // It was made when this run began: by now nobody may have swept it for minutes.
    await createPulse(here.database)();
  });
  afterEach(() => clockAhead(0));
  afterAll(() => here.drop());

  async function anAlerter(answer?: (received: Received) => number) {
    const receiver = await aReceiver(answer);
    onTestFinished(receiver.close);
    const alerts = createAlerts(here.database);
    const metrics = createMetrics({ service: 'test' });
    const send = createAlertWebhook({ url: receiver.url, secret, inside: true, linkBase });
    const alerter = createAlerter({ alerts, send, log: silent, metrics });
    const { received } = receiver;
    const told = (kind: AlertKind) => received.filter(({ body }) => body.includes(`alert.${kind}`));
    return { alerter, alerts, metrics, received, told };
  }

  test.each(alertKinds)('tells of %s once, signed, with a link and what to do', async (kind) => {
    const { alerter, alerts, received } = await anAlerter();
    const other = await anAlerter();

    const raised = [
      await alerts.raise(kind, 'op_1', { opId: 'op_1', minor: 12_50 }),
      await alerts.raise(kind, 'op_1', { opId: 'op_1', minor: 99_99 }),
    ];
    await Promise.all([alerter.once(), other.alerter.once()]);
    await alerter.once();

    const [one, ...more] = [...received, ...other.received];
    expect(raised).toEqual([true, false]);
    expect(more).toEqual([]);
    const headers = one?.headers as Record<string, string>;
    expect(new Webhook(secret).verify(one?.body ?? '', headers)).toMatchObject({
      type: `alert.${kind}`,
      data: {
        ...{ severity: 'critical', kind, subject: 'op_1', detail: { minor: 12_50 } },
        link: expect.stringMatching(/^https:\/\/pay\.example\.com\/(v1\/|readyz)/),
        runbook: expect.stringMatching(/^docs\/runbooks\/[a-z-]+\.md$/),
        action: expect.stringMatching(/\.$/),
      },
    });
  });

  test('tries again what was not taken, later each time, under the same id', async () => {
    let status = 503;
    const { alerter, alerts, metrics, told } = await anAlerter(() => status);
    await alerts.raise('leak', 'op_2', {});

    await alerter.once();
    await alerter.once();
    expect(told('leak')).toHaveLength(1);
    await clockAhead(16);
    await alerter.once();
    await clockAhead(32);
    await alerter.once();
    expect(told('leak')).toHaveLength(2);
    expect(await metrics.text()).toMatch(/^holdfast_alerts_waiting\{.*\} 1$/m);
    status = 204;
    await clockAhead(47);
    await alerter.once();
    await clockAhead(170);
    await alerter.once();

    expect(told('leak')).toHaveLength(3);
    expect(new Set(told('leak').map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(await metrics.text()).toMatch(/^holdfast_alerts_waiting\{.*\} 0$/m);
  });

  test('tells of each silence of the reconciler once, and of none while it sweeps', async () => {
    const { alerter, told } = await anAlerter();
    const pulse = createPulse(here.database);

    await pulse();
    await clockAhead(170);
    await alerter.once();
    expect(told('reconciler-silent')).toHaveLength(0);
    await clockAhead(190);
    await alerter.once();
    await clockAhead(600);
    await alerter.once();
    expect(told('reconciler-silent')).toHaveLength(1);
    const { silentSeconds } = await createStanding(here.database)();
    expect(silentSeconds).toBeGreaterThanOrEqual(599);
    await pulse();
    await clockAhead(800);
    await alerter.once();

    expect(told('reconciler-silent')).toHaveLength(2);
  });

  test('tells of a breaker once from its first opening to its closing', async () => {
    const { alerter, told } = await anAlerter();
    const turned = async (...types: readonly string[]) => {
      for (const type of types) {
        await here.owner`
          with turned as (
            insert into ledger.breaker as b (provider, epoch, state, changed_at)
            values ('sandbox', 1, ${'{"mode":"closed"}'}::jsonb, now())
            on conflict (provider) do update set epoch = b.epoch + 1 returning epoch)
          insert into ledger.breaker_event (provider, epoch, type, actor, at)
          select 'sandbox', epoch, ${type}, 'test', now() from turned`;
      }
      await alerter.once();
      return told('breaker-open').length;
    };

    expect(await turned('breaker.opened')).toBe(1);
    expect(await turned('breaker.recovering', 'breaker.opened')).toBe(1);
    expect(await turned('breaker.closed')).toBe(1);
    expect(await turned('breaker.isolated', 'breaker.reset')).toBe(1);
    expect(await turned('breaker.opened')).toBe(2);
  });

  /** So many seconds go by at once, for all that the ledger does. */
  async function clockAhead(seconds: number) {
    await here.owner.unsafe(
      `create or replace function ledger.clock() returns timestamptz language sql volatile as
       $$ select clock_timestamp() + interval '${seconds} seconds' $$`,
    );
  }
});

describe('where alerts go', () => {
  const alert = {
    id: 1,
    kind: 'leak',
    subject: 'op_1',
    detail: {},
    raisedAt: '2026-01-01T00:00:00Z',
  } as const;

  test('connects to no name that leads inside, unless that is allowed', async () => {
    const receiver = await aReceiver();
    onTestFinished(receiver.close);
    const url = receiver.url.replace('127.0.0.1', 'localhost');

    const refused = createAlertWebhook({ url, inside: false, linkBase })(alert);
    await expect(refused).rejects.toMatchObject({
      cause: { message: 'the host has an address that is not allowed' },
    });
    expect(receiver.received).toEqual([]);

    await createAlertWebhook({ url: receiver.url, inside: true, linkBase })(alert);
    expect(receiver.received).toHaveLength(1);
    expect(receiver.received[0]?.headers).not.toHaveProperty('webhook-signature');
  });

  test('follows no redirect', async () => {
    const receiver = await aReceiver(() => 302);
    onTestFinished(receiver.close);

    const send = createAlertWebhook({ url: receiver.url, inside: true, linkBase });
    await expect(send(alert)).rejects.toThrow();
    expect(receiver.received.map(({ path }) => path)).toEqual(['/']);
  });
});
