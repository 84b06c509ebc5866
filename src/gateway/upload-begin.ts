import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { nanoid } from 'nanoid';
import {
  type AccountId,
  type OpId,
  parseUploadCommand,
  type RefusalCode,
} from '../domain/index.js';
import type { AccountRow } from '../ledger/reads.js';
import type { Acceptance } from './acceptance.js';
import type { GatewayDeps } from './app.js';
import type { Caller } from './auth.js';
import { readBody } from './body.js';
import { optionalIdempotencyKeyOf } from './idempotency.js';
import { limits } from './limits.js';
import { type Problem, problem, unavailable } from './problems.js';

export type BeginDeps = Pick<GatewayDeps, 'reads' | 'uploads' | 'uploadLimits'> & {
  readonly acceptance: Acceptance;
};

/** The upload that a creation began, or began before under the same key. */
export interface Begun {
  readonly opId: OpId;
  readonly replayed: boolean;
}

type Metadata = Readonly<Record<string, string | null>>;

/**
 * Starts the operation of an upload and waits for its claim: from then on there is room for the
 * bytes, and they can be sent. Throws the problem of what there is no room for.
 */
export async function beginUpload(
  deps: BeginDeps,
  request: FastifyRequest,
  metadata: Metadata = {},
): Promise<Begun> {
  const { caller, headers } = request;
  // Clients of tus send no key: a creation whose answer they lost is another one, and expires.
  const key = optionalIdempotencyKeyOf(headers) ?? `upload-${nanoid()}`;
  const account = metadata['account'] ?? (await onlyQuotaOf(deps, caller));
  const size = Number(headers['upload-length']);
  const { command, sealed } = readBody(parseUploadCommand(askedOf(metadata, account, size), key));
  const open = await deps.uploads.openOf(caller.tenant, command.payload.account);
  const { operation, replayed } = await deps.acceptance.accept({
    caller,
    command,
    accounts: [command.payload.account],
    admit: (accounts) => {
      requireQuota(caller, accounts.get(command.payload.account));
      if (open >= deps.uploadLimits.openMax) {
        throw problem('too-many-uploads', {}, { 'retry-after': '60' });
      }
    },
    options: {
      timeBudget: deps.uploadLimits.ttlMs,
      trace: request.trace.traceId,
      ...(sealed !== undefined && { sealed }),
    },
    waitMs: 0,
  });
  const opId = operation.opId as OpId;
  request.opId = opId;
  await claimed(deps, caller, opId);
  return { opId, replayed };
}

/** What is said of a file beside its bytes, by the names that clients of tus use. */
const known = ['account', 'bizKey', 'filename', 'name', 'filetype', 'type', 'sha256'];

function askedOf(given: Metadata, account: string, size: number): object {
  const { filename, name = filename, filetype, type = filetype, sha256, bizKey } = given;
  const others = Object.entries(given).filter(([key]) => !known.includes(key));
  return {
    ...{ account, size },
    ...(name != null && { name }),
    ...(type != null && type !== '' && { mediaType: type.toLowerCase() }),
    ...(sha256 != null && { sha256 }),
    ...(bizKey != null && { bizKey }),
    ...(others.length > 0 && {
      metadata: Object.fromEntries(others.map(([key, value]) => [key, value ?? ''])),
    }),
  };
}

async function onlyQuotaOf({ uploads }: BeginDeps, caller: Caller): Promise<AccountId> {
  const [only, ...others] = await uploads.quotasOf(caller.tenant, caller.subject);
  if (only !== undefined && others.length === 0) return only;
  const how = only === undefined ? 'no open account' : 'more than one account';
  throw problem('field-required', {
    detail: `You have ${how} in BYTE: name one as \`account\` in Upload-Metadata.`,
    errors: [{ path: 'account', code: 'field-required' }],
  });
}

/** Refuses early what the ledger would refuse too; the ledger alone decides. */
function requireQuota({ role, subject }: Caller, quota: AccountRow | undefined): void {
  const isTheirs = role !== 'customer' || quota?.owner === subject;
  if (quota === undefined || !isTheirs) throw problem('account-unknown');
  if (quota.status === 'closed') throw problem('account-closed');
  if (quota.status === 'frozen') throw problem('account-frozen');
  if (quota.currency !== 'BYTE') throw problem('currency-mismatch');
}

const pausesMs = { first: 20, most: 500 } as const;

async function claimed(deps: BeginDeps, { tenant }: Caller, opId: OpId): Promise<void> {
  const deadline = performance.now() + limits.statementWaitMs;
  for (let pauseMs = pausesMs.first as number; ; pauseMs = Math.min(2 * pauseMs, pausesMs.most)) {
    const row = await deps.uploads.find(tenant, opId);
    if (row?.stage === 'ABORTED') throw problem('upload-ended');
    if (row !== undefined) return;
    const operation = await deps.reads.operation(tenant, opId);
    if (operation?.state === 'FAILED') throw refusalOf(operation.outcome?.code as RefusalCode);
    if (performance.now() > deadline) throw unavailable();
    await delay(pauseMs);
  }
}

function refusalOf(code: RefusalCode): Problem {
  return problem(code === 'insufficient-funds' ? 'quota-exceeded' : code);
}
