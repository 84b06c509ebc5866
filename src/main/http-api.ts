import { setTimeout as delay } from 'node:timers/promises';

/** An operation as the gateway answers it. */
export interface OperationBody {
  readonly opId: string;
  readonly domain: string;
  readonly eventType: string;
  readonly bizKey: string;
  readonly state: 'PENDING' | 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  readonly phase?: string | null;
  readonly outcome?: {
    readonly kind: string;
    readonly code?: string;
    /** All that moved, once it is settled. */
    readonly amount?: number;
    /** Which took a notice. */
    readonly channel?: string;
    readonly deliveryId?: string;
  } | null;
  readonly account?: string | null;
  readonly amount?: number | null;
  readonly currency?: string | null;
  readonly acceptedAt: string;
  readonly updatedAt: string;
  readonly version: number;
  /** Of an upload, how far it is. */
  readonly upload?: {
    readonly stage: string;
    readonly received: number;
    readonly sha256?: string;
  };
}

export interface BalanceBody {
  readonly id: string;
  readonly currency: string;
  readonly posted: number;
  readonly held: number;
  readonly available: number;
  readonly version: number;
  readonly at?: string;
}

/** A case as the gateway answers it. */
export interface CaseBody {
  readonly id: string;
  readonly opId: string;
  readonly kind: string;
  readonly reason: string;
  readonly advice: string;
  readonly amountAtRisk: number;
  readonly currency?: string;
  readonly state: string;
  readonly endedBy?: string;
  readonly note?: string;
  readonly approvals: readonly {
    readonly action: string;
    readonly principal: string;
    readonly reason: string;
  }[];
  readonly evidence: {
    readonly attempts?: readonly {
      readonly reference: string;
      readonly sentAt: string;
      readonly outcome?: { readonly kind: string };
    }[];
  };
}

/** RFC 9457, as the gateway fills it. */
export interface ProblemBody {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly differs?: readonly string[];
  readonly errors?: readonly { readonly path: string; readonly code: string }[];
}

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface CallOptions {
  readonly key?: string | undefined;
  /** `Prefer: wait=n`, in seconds. */
  readonly waitSeconds?: number;
}

/** The gateway over HTTP, as any user of it. */
export interface HttpApi {
  get<Body>(path: string): Promise<Answer<Body | ProblemBody>>;
  post<Body>(
    path: string,
    body: object,
    options?: CallOptions,
  ): Promise<Answer<Body | ProblemBody>>;
  put<Body>(path: string, body: object): Promise<Answer<Body | ProblemBody>>;
}

/** Nobody answered at that URL. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

const answerTimeoutMs = 10_000;

/** The gateway at `url`, asked with this token. Calls throw Unreachable, and give any answer. */
export function createHttpApi({ url, token }: { url: string; token: string }): HttpApi {
  const call = async <Body>(
    method: string,
    path: string,
    body: object | undefined,
    { key, waitSeconds = 0 }: CallOptions,
  ): Promise<Answer<Body | ProblemBody>> => {
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(key !== undefined && { 'idempotency-key': key }),
          ...(waitSeconds > 0 && { prefer: `wait=${waitSeconds}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(waitSeconds * 1_000 + answerTimeoutMs),
      });
      const { status, headers } = response;
      return { status, headers, body: (await response.json()) as Body };
    } catch (cause) {
      throw new Unreachable(`no answer from ${url}`, { cause });
    }
  };
  return {
    get: (path) => call('GET', path, undefined, {}),
    post: (path, body, options = {}) => call('POST', path, body, options),
    put: (path, body) => call('PUT', path, body, {}),
  };
}

/** True for an answer that is no problem. */
export function isOperation(body: OperationBody | ProblemBody): body is OperationBody {
  return 'opId' in body;
}

/** True when nothing more happens to it by itself: it is final, or in front of a person. */
export function isAtRest({ state, phase }: OperationBody): boolean {
  return state === 'COMPLETED' || state === 'FAILED' || phase === 'parked';
}

const pollIntervalMs = 250;

/** The operation once it is at rest, or as it is when the time is over. */
export async function untilAtRest(
  api: HttpApi,
  opId: string,
  timeoutMs: number,
): Promise<OperationBody> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    // A gateway that is away for a moment is asked again: the operation does not need it.
    const answer = await api.get<OperationBody>(`/v1/operations/${opId}`).catch(() => undefined);
    const found = answer !== undefined && isOperation(answer.body) ? answer.body : undefined;
    if (found !== undefined && isAtRest(found)) return found;
    if (performance.now() > deadline) {
      if (found !== undefined) return found;
      throw new Error(`${opId} cannot be read: status ${answer?.status ?? 'none'}`);
    }
    await delay(pollIntervalMs);
  }
}
