import { type Connection, Client as TemporalClient } from '@temporalio/client';
import { type Client, createClient, createKeyRing } from '../client/index.js';
import type { Database } from '../database/index.js';
import {
  type App,
  createGateway,
  createLateJudge,
  type FileLinks,
  type VerifyToken,
} from '../gateway/index.js';
import {
  createApprovals,
  createBreakerDesk,
  createCases,
  createDeadLetters,
  createFindingDesk,
  createInbox,
  createNoticeDesk,
  createUploadDesk,
} from '../ledger/index.js';
import { createReads } from '../ledger/reads.js';
import { createObjectCache } from '../objects/cache.js';
import type { ObjectStore } from '../objects/index.js';
import { signLink, verifyLink } from '../objects/links.js';
import { createBounceReports } from '../providers/email/index.js';
import { createSandboxWebhooks } from '../providers/sandbox/index.js';
import { createStripeWebhooks } from '../providers/stripe/index.js';
import { createTwilioReports } from '../providers/twilio/index.js';
import type { WebhookReader } from '../providers/webhook.js';
import type { Log, Metrics, Tracing } from '../telemetry/index.js';
import type { GatewayConfig } from './config.js';
import { outageOf } from './outage.js';

export interface HoldfastGatewayDeps {
  readonly database: Database;
  readonly connection: Connection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly payloadKeys: GatewayConfig['payloadKeys'];
  readonly verifyToken: VerifyToken;
  readonly approvalAbove: GatewayConfig['approvalAbove'];
  /** How the providers of channels sign what they tell. */
  readonly notices: GatewayConfig['notices'];
  readonly noticeLimitPerHour: GatewayConfig['noticeLimitPerHour'];
  readonly objects: ObjectStore;
  readonly uploadLimits: GatewayConfig['uploadLimits'];
  readonly downloads: GatewayConfig['downloads'];
  /** How webhooks are signed; of a provider that is not here none are taken. */
  readonly webhooks: GatewayConfig['webhooks'];
  readonly tracing: Tracing;
  readonly log: Log;
  readonly metrics: Metrics;
}

const checkTimeoutMs = 1_400;

/** The gateway of production and tests alike, ready to listen. */
export function composeGateway(deps: HoldfastGatewayDeps): Promise<App> {
  const { database, connection, namespace, taskQueue, payloadKeys, tracing } = deps;
  const keys = createKeyRing(payloadKeys.open.map(({ id, key }) => ({ id, bytes: key })));
  const temporal = new TemporalClient({ connection, namespace, plugins: [tracing.plugin] });
  const client: Client = createClient({ temporal, taskQueue, keys });
  const reads = createReads(database);
  return createGateway({
    ...deps,
    client,
    keys,
    reads,
    inbox: createInbox(database),
    cases: createCases(database),
    breakers: createBreakerDesk(database),
    deadLetters: createDeadLetters(database),
    approvals: createApprovals(database),
    findings: createFindingDesk(database),
    noticeDesk: createNoticeDesk(database),
    reports: reportReaders(deps.notices),
    webhookLoopback: deps.notices.webhookLoopback,
    uploads: createUploadDesk(database),
    links: fileLinks(deps.downloads),
    copies: createObjectCache({
      folder: deps.downloads.cacheFolder,
      bytesMax: deps.downloads.cacheBytesMax,
    }),
    judgeLate: createLateJudge({ client, reads }),
    webhooks: webhookReaders(deps.webhooks),
    checks: {
      database: () => database.ping(checkTimeoutMs),
      temporal: () =>
        connection.withDeadline(Date.now() + checkTimeoutMs, () =>
          connection.workflowService.describeNamespace({ namespace }),
        ),
    },
    outageOf,
  });
}

/** None are given without a secret. */
function fileLinks({ linkSecrets }: GatewayConfig['downloads']): FileLinks | undefined {
  if (linkSecrets.length === 0) return undefined;
  return {
    sign: (link) => signLink(link, linkSecrets, Date.now()),
    verify: (link, proof) => verifyLink(link, proof, linkSecrets, Date.now()),
  };
}

function webhookReaders({ sandbox, stripe }: GatewayConfig['webhooks']) {
  const readers: Record<string, WebhookReader> = {};
  if (sandbox !== undefined) readers.sandbox = createSandboxWebhooks({ secrets: sandbox });
  if (stripe !== undefined) readers.stripe = createStripeWebhooks(stripe);
  return readers;
}

function reportReaders({ twilio, smtp }: GatewayConfig['notices']) {
  return {
    twilio: twilio && createTwilioReports(twilio),
    smtp: smtp && createBounceReports(smtp),
  };
}
