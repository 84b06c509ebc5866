import { importPKCS8, SignJWT } from 'jose';
import type { Fail, Retry } from '../../domain/index.js';
import { call } from '../call.js';
import { noticeRefused, notSent } from '../channel-answers.js';
import type { ServiceAccount } from './service-account.js';

/** Who holds it may send, until it expires. */
interface AccessToken {
  readonly kind: 'token';
  readonly value: string;
  /** Epoch milliseconds. */
  readonly goodUntil: number;
}

export interface AccessTokens {
  /** One that is good for a minute at least; all who ask meanwhile share one request for it. */
  current(): Promise<AccessToken | Retry | Fail>;
  /** Forgets it: the far side did not take it. */
  drop(token: AccessToken): void;
}

const scope = 'https://www.googleapis.com/auth/firebase.messaging';
const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const spareMs = 60_000;

/** Tokens for a service account: a signed assertion for each (RFC 7523). */
export function createAccessTokens(
  account: ServiceAccount,
  common: { readonly timeoutMs: number; readonly fetch: typeof fetch },
): AccessTokens {
  let kept: AccessToken | undefined;
  let asking: Promise<AccessToken | Retry | Fail> | undefined;

  async function ask(): Promise<AccessToken | Retry | Fail> {
    const askedAt = Date.now();
    const answer = await call({
      ...common,
      url: new URL(account.tokenUrl),
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: String(new URLSearchParams({ grant_type: grantType, assertion: await sign(account) })),
    });
    // Whatever goes wrong here, no message was sent.
    if (answer.kind !== 'answered') return notSent('no-access-token');
    const { access_token: value, expires_in: seconds } = (answer.json ?? {}) as Answer;
    if (answer.status === 200 && typeof value === 'string' && typeof seconds === 'number') {
      kept = { kind: 'token', value, goodUntil: askedAt + seconds * 1_000 };
      return kept;
    }
    const isRefused = answer.status === 400 || answer.status === 401;
    return isRefused
      ? noticeRefused('credentials-refused')
      : notSent('no-access-token', answer.retryAfterMs);
  }

  return {
    async current() {
      if (kept !== undefined && kept.goodUntil - spareMs > Date.now()) return kept;
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
    drop(token) {
      if (kept === token) kept = undefined;
    },
  };
}

interface Answer {
  readonly access_token?: unknown;
  readonly expires_in?: unknown;
}

async function sign({ privateKey, keyId, email, tokenUrl }: ServiceAccount): Promise<string> {
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: keyId })
    .setIssuer(email)
    .setAudience(tokenUrl)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(await importPKCS8(privateKey, 'RS256'));
}
