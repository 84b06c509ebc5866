import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { jwtVerify } from 'jose';
import type { Answer } from '../sandbox/misbehave.js';
import { formOf } from './forms.js';
import { type SandboxDeps, struckRoute } from './struck-route.js';

/** Whose assertions are taken. */
export interface FcmSandboxOptions {
  readonly projectId: string;
  readonly email: string;
  /** PKCS #8, as PEM; its public half is what assertions are held to. */
  readonly privateKey: string;
}

const tokenSeconds = 3_599;
const scope = 'https://www.googleapis.com/auth/firebase.messaging';

/** `POST /token` of Google's accounts and `messages:send` of FCM, HTTP v1. */
export function fcmRoutes(
  app: FastifyInstance,
  deps: SandboxDeps,
  options: FcmSandboxOptions,
): void {
  const { ledger } = deps;
  const key = createPublicKey(options.privateKey);
  const tokens = new Set<string>();
  const nobody = () => undefined;

  app.post(
    '/token',
    struckRoute(deps, tokenError, nobody, async ({ body, host }) => {
      const named = { issuer: options.email, audience: `http://${host}/token` };
      if (!(await isAssertion(formOf(body).get('assertion') ?? '', key, named))) {
        return { status: 400, body: tokenError(400, 'invalid_grant') };
      }
      const token = `ya29.${randomBytes(32).toString('base64url')}`;
      tokens.add(token);
      const answer = { access_token: token, expires_in: tokenSeconds, token_type: 'Bearer' };
      return { status: 200, body: answer };
    }),
  );

  app.post(
    // In Fastify a colon is written twice.
    `/v1/projects/${options.projectId}/messages::send`,
    struckRoute(deps, fcmError, deviceOf, async (request, fault): Promise<Answer> => {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      if (!tokens.has(token)) return refusal('UNAUTHENTICATED');
      if (fault?.fault === 'decline') return refusal(fault.declineCode ?? 'UNREGISTERED');
      const { message } = request.body as { readonly message: Message };
      if (typeof message?.token !== 'string') return refusal('INVALID_ARGUMENT');
      await ledger.deliver(
        {
          ...{ channel: 'push', to: message.token, id: randomBytes(8).toString('hex') },
          deliveryId: message.data?.['deliveryId'] ?? '',
          ...(message.notification?.title !== undefined && { subject: message.notification.title }),
          text: message.notification?.body ?? '',
        },
        message.android?.notification?.tag,
      );
      const id = randomBytes(8).toString('hex');
      const name = `projects/${options.projectId}/messages/${id}`;
      return { status: 200, body: { name } };
    }),
  );
}

interface Message {
  readonly token?: unknown;
  readonly notification?: { readonly title?: string; readonly body?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly android?: { readonly notification?: { readonly tag?: string } };
}

function deviceOf({ body }: FastifyRequest): string | undefined {
  const { message } = (body ?? {}) as { readonly message?: Message };
  return typeof message?.token === 'string' ? message.token : undefined;
}

async function isAssertion(
  assertion: string,
  key: KeyObject,
  named: { readonly issuer: string; readonly audience: string },
): Promise<boolean> {
  const wanted = { ...named, algorithms: ['RS256'] };
  const verified = await jwtVerify(assertion, key, wanted).catch(() => undefined);
  return verified?.payload['scope'] === scope;
}

function tokenError(_status: number, error: string): unknown {
  return { error, error_description: 'The request was refused.' };
}

const statuses: Readonly<Record<string, readonly [status: number, name: string]>> = {
  UNREGISTERED: [404, 'NOT_FOUND'],
  INVALID_ARGUMENT: [400, 'INVALID_ARGUMENT'],
  SENDER_ID_MISMATCH: [403, 'PERMISSION_DENIED'],
  THIRD_PARTY_AUTH_ERROR: [401, 'UNAUTHENTICATED'],
  UNAUTHENTICATED: [401, 'UNAUTHENTICATED'],
};

function refusal(code: string): Answer {
  const [status] = statuses[code] ?? [400];
  return { status, body: fcmError(status, code) };
}

const names: Readonly<Record<number, string>> = {
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

function fcmError(status: number, code: string): unknown {
  const name = statuses[code]?.[1] ?? names[status] ?? 'UNKNOWN';
  const errorCode = { 429: 'QUOTA_EXCEEDED', 500: 'INTERNAL', 503: 'UNAVAILABLE' }[status] ?? code;
  return {
    error: {
      ...{ code: status, message: 'The request was refused.', status: name },
      details: [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode }],
    },
  };
}
