import { Webhook } from 'standardwebhooks';
import { Agent, fetch } from 'undici';
import type { Alert } from '../ledger/index.js';
import { checkedLookup, isPublicAddress } from '../network/index.js';
import { alertWords } from './alert-words.js';

export interface AlertWebhookOptions {
  readonly url: string;
  /** `whsec_...`: signs what is sent, as Standard Webhooks 1.0 says. */
  readonly secret?: string | undefined;
  /** True lets the name lead to addresses that are not public. */
  readonly inside: boolean;
  /** The gateway as people reach it: where links lead. */
  readonly linkBase: string;
}

/** Tells somebody of an alert; throws when it was not taken. */
export type SendAlert = (alert: Alert) => Promise<void>;

const timeoutMs = 5_000;

/** One POST each: a repetition has the same `webhook-id`. Follows no redirect. */
export function createAlertWebhook(options: AlertWebhookOptions): SendAlert {
  const lookup = checkedLookup(isPublicAddress);
  const dispatcher = new Agent({
    connect: { timeout: timeoutMs, ...(!options.inside && { lookup }) },
  });
  const webhook = options.secret === undefined ? undefined : new Webhook(options.secret);
  return async (alert) => {
    const id = `alert_${alert.id}`;
    const now = new Date();
    const body = JSON.stringify(messageOf(alert, options.linkBase));
    const answer = await fetch(options.url, {
      method: 'POST',
      body,
      dispatcher,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
        ...(webhook && { 'webhook-signature': webhook.sign(id, now, body) }),
      },
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`the receiver of alerts answered ${answer.status}`);
  };
}

function messageOf({ kind, subject, detail, raisedAt }: Alert, linkBase: string): object {
  const { title, action, runbook, path } = alertWords[kind];
  return {
    type: `alert.${kind}`,
    timestamp: new Date(raisedAt).toISOString(),
    data: {
      ...{ severity: 'critical', kind, subject, title, action, detail },
      link: `${linkBase}${path(subject)}`,
      runbook: `docs/runbooks/${runbook}`,
    },
  };
}
