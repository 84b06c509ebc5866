import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Client, KeyRing } from '../client/index.js';
import type { OpId } from '../domain/index.js';
import type {
  Approvals,
  BreakerDesk,
  Cases,
  DeadLetters,
  FindingDesk,
  Inbox,
  NoticeDesk,
  UploadDesk,
} from '../ledger/index.js';
import type { Reads } from '../ledger/reads.js';
import type { ObjectCache } from '../objects/cache.js';
import type { Link, LinkProof } from '../objects/links.js';
import type { ObjectStore } from '../objects/index.js';
import type { ReportReader } from '../providers/channel.js';
import type { WebhookReader } from '../providers/webhook.js';
import type { Log, Metrics, RequestTrace, Tracing } from '../telemetry/index.js';
import type { Caller, Role, VerifyToken } from './auth.js';
import type { JudgeLate } from './webhooks.js';

/** What the gateway is made of. */
export interface GatewayDeps {
  readonly client: Client;
  readonly reads: Reads;
  /** Signs cursors. */
  readonly keys: KeyRing;
  readonly verifyToken: VerifyToken;
  /** Whose webhooks are taken, by the name in the path. */
  readonly webhooks: Readonly<Record<string, WebhookReader>>;
  readonly inbox: Inbox;
  readonly cases: Cases;
  readonly breakers: BreakerDesk;
  readonly findings: FindingDesk;
  readonly deadLetters: DeadLetters;
  readonly approvals: Approvals;
  readonly noticeDesk: NoticeDesk;
  /** What the providers of channels tell by themselves, by the name in the path. */
  readonly reports: Readonly<Record<string, ReportReader | undefined>>;
  /** For development: webhooks of recipients may go to this machine, over http. */
  readonly webhookLoopback: boolean;
  /** How many notices one recipient is given in an hour. */
  readonly noticeLimitPerHour: number;
  /** A second person must approve what moves more, in minor units; nobody when null. */
  readonly approvalAbove: number | null;
  readonly judgeLate: JudgeLate;
  readonly uploads: UploadDesk;
  readonly objects: ObjectStore;
  readonly uploadLimits: UploadLimits;
  /** Undefined where none are given. */
  readonly links: FileLinks | undefined;
  readonly copies: ObjectCache;
  /** What this process needs: each answers, or is down. */
  readonly checks: Readonly<Record<'database' | 'temporal', () => Promise<unknown>>>;
  /** What is out of reach when this error was thrown; undefined when it is a bug. */
  readonly outageOf: (error: unknown) => 'database' | 'temporal' | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** How long a request may take to arrive; 15 s when not given. */
  readonly requestTimeoutMs?: number;
  /** How long its headers may take; 10 s when not given. */
  readonly headersTimeoutMs?: number;
}

/** Links to files, which carry their own proof. */
export interface FileLinks {
  sign(link: Link): LinkProof;
  verify(link: Link, proof: LinkProof): boolean;
}

export interface UploadLimits {
  /** How long an upload may take, from its creation to its end. */
  readonly ttlMs: number;
  /** How many of one account may be under way. */
  readonly openMax: number;
}

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which roles may use the route; `open` asks for no token. */
    access?: 'open' | readonly Role[];
    /** The body is taken as it came, of whatever type. */
    takesBytes?: boolean;
    /** The body is not read before the handler does, and may be as long as it likes. */
    takesStream?: boolean;
  }
  interface FastifyInstance {
    /** Of the requests under way when it began to close; known once it is closed. */
    ended: { readonly drained: number; readonly interrupted: number };
  }
  interface FastifyRequest {
    /** Set for every route that is not open. */
    caller: Caller;
    trace: RequestTrace;
    /** The operation that the request was about, for the log. */
    opId: OpId | undefined;
  }
}
