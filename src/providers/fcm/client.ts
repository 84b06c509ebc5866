import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Fail, Retry, Unknown } from '../../domain/index.js';
import { type Answered, call } from '../call.js';
import type { ChannelProfile, ChannelProvider, Delivery, Sent } from '../channel.js';
import { addressRefused, noticeRefused, notSent, unanswered } from '../channel-answers.js';
import { traced } from '../trace-header.js';
import { createAccessTokens } from './access-tokens.js';
import type { ServiceAccount } from './service-account.js';

export interface FcmChannelOptions {
  readonly account: ServiceAccount;
  /** Where FCM is; Google's own when left out. */
  readonly endpoint?: string | undefined;
  readonly timeoutMs: number;
  readonly fetch?: typeof fetch;
}

const googleEndpoint = 'https://fcm.googleapis.com';

/** The channel `push`. Source: firebase.google.com/docs/reference/fcm/rest/v1. */
export function createFcmChannel(options: FcmChannelOptions): ChannelProvider {
  const { account, endpoint = googleEndpoint, timeoutMs } = options;
  const common = { timeoutMs, fetch: options.fetch ?? fetch };
  const tokens = createAccessTokens(account, { ...common, timeoutMs: Math.ceil(timeoutMs / 2) });
  const profile: ChannelProfile = {
    ...{ channel: 'push', timeoutMs },
    // There is no way to ask what became of a message; the same tag is shown once.
    ...{ lookUp: false, visibilityDelayMs: 0, collapses: true },
  };

  return {
    profile,
    async send(delivery) {
      const until = Date.now() + timeoutMs;
      const token = await tokens.current();
      if (token.kind !== 'token') return token;
      const answer = await call({
        ...common,
        timeoutMs: Math.max(until - Date.now(), 1),
        url: new URL(`${endpoint}/v1/projects/${account.projectId}/messages:send`),
        method: 'POST',
        headers: { authorization: `Bearer ${token.value}`, ...traced(delivery.trace) },
        body: { message: messageOf(delivery) },
      });
      if (answer.kind === 'answered' && answer.status === 401) tokens.drop(token);
      return answer.kind === 'answered' ? outcomeOf(answer) : unanswered(answer);
    },
  };
}

function messageOf({ deliveryId, to, subject, text, data }: Delivery): object {
  const tag = tagOf(deliveryId);
  return {
    token: to,
    notification: { ...(subject !== undefined && { title: subject }), body: text },
    data: { ...data, deliveryId },
    // No collapse_key: of messages that wait for a device FCM keeps those of four keys at most, so
    // that a fifth notice would take the place of another. A tag replaces only what is shown.
    android: { notification: { tag } },
    apns: { headers: { 'apns-collapse-id': tag } },
    webpush: { headers: { Topic: tag }, notification: { tag } },
  };
}

/** 32 of the base64url alphabet: the longest Topic (RFC 8030, 5.4); APNs takes 64 bytes. */
function tagOf(deliveryId: string): string {
  return createHash('sha256').update(deliveryId).digest('base64url').slice(0, 32);
}

const quotaRetryMs = 60_000;

function outcomeOf(answer: Answered): Sent | Retry | Fail | Unknown {
  const { status, json, retryAfterMs } = answer;
  if (status === 200) {
    const name = (json as { name?: unknown } | undefined)?.name;
    return typeof name === 'string' && name.length <= 255
      ? { kind: 'sent', providerId: name }
      : unanswered(answer);
  }
  const { code, ofToken } = errorOf(json);
  // FCM asks for a minute at least where it does not say.
  if (status === 429) return notSent('rate-limited', retryAfterMs ?? quotaRetryMs);
  if (status === 401 && code !== 'THIRD_PARTY_AUTH_ERROR') return notSent('access-token-refused');
  if (code === 'UNREGISTERED') return addressRefused(code);
  if (code === 'INVALID_ARGUMENT' && ofToken) return addressRefused(code);
  const isRefused = status >= 400 && status < 500 && code !== undefined;
  return isRefused ? noticeRefused(code) : unanswered(answer);
}

const codeForm = z
  .string()
  .regex(/^[A-Z][A-Z_]{2,63}$/)
  .optional()
  .catch(undefined);
const errorBody = z.object({
  error: z.object({
    status: codeForm,
    details: z
      .array(
        z.object({
          errorCode: codeForm,
          fieldViolations: z.array(z.object({ field: z.string().optional() })).optional(),
        }),
      )
      .optional(),
  }),
});

/** FCM's own code, else that of Google's APIs in general, and whether it is about the token. */
function errorOf(json: unknown): { readonly code?: string | undefined; readonly ofToken: boolean } {
  const { data } = errorBody.safeParse(json);
  const { status, details = [] } = data?.error ?? {};
  const fields = details.flatMap(({ fieldViolations = [] }) => fieldViolations);
  return {
    code: details.find(({ errorCode }) => errorCode !== undefined)?.errorCode ?? status,
    ofToken: fields.some(({ field }) => field === 'message.token'),
  };
}
