import { setTimeout as pause } from 'node:timers/promises';
import type { Alert, Alerts } from '../ledger/index.js';
import type { SendAlert } from './alert-webhook.js';
import type { Log } from './log.js';
import type { Metrics } from './measures.js';

export interface AlerterDeps {
  readonly alerts: Alerts;
  readonly send: SendAlert;
  readonly log: Log;
  readonly metrics: Metrics;
}

interface Alerter {
  /** Looks, and sends what nobody has taken yet. */
  once(): Promise<void>;
  /** Goes on until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

const everyMs = 5_000;
const atOnceMax = 20;
// Longer than a delivery takes. The first repetition comes after it, the last every 16 minutes.
const leaseMs = 15_000;
// Six sweeps.
const silentMs = 180_000;

/** Tells of each incident once; of several alerters one does, and what fails is tried again. */
export function createAlerter({ alerts, send, metrics, ...deps }: AlerterDeps): Alerter {
  const log = deps.log.child({ module: 'telemetry' });

  async function once(): Promise<void> {
    await alerts.look(silentMs);
    const lent = await alerts.lease(atOnceMax, leaseMs);
    await Promise.all(lent.map(tell));
    metrics.set('alertsWaiting', await alerts.waiting(), {});
  }

  async function tell(alert: Alert): Promise<void> {
    const { id, kind, subject } = alert;
    try {
      await send(alert);
    } catch (error) {
      metrics.count('alerts', { kind, result: 'failed' });
      return log.error({ err: error, kind, subject }, 'alert not taken');
    }
    metrics.count('alerts', { kind, result: 'sent' });
    await alerts.markSent(id);
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await once().catch((error: unknown) => log.error({ err: error }, 'alerts out of reach'));
      await pause(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  return { once, run };
}
