import type { IncomingMessage } from 'node:http';
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { App } from './app.js';
import { Problem, problem, unavailable } from './problems.js';

export const roles = ['customer', 'merchant', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Who asks, as the token says it. */
export interface Caller {
  readonly tenant: string;
  /** `sub`: the person or program, the same over all its tokens. */
  readonly subject: string;
  readonly role: Role;
}

/** Reads a token; undefined when it is not valid. Throws a problem when its keys cannot be had. */
export type VerifyToken = (token: string) => Promise<Caller | undefined>;

export interface TokenIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
}

const clockToleranceSeconds = 30;
const jwksTimeoutMs = 3_000;

/**
 * Checks tokens of one issuer: RS256 alone, `iss`, `aud`, `exp`, and our claims `sub`, `tenant`,
 * `role`. Keys come from its JWKS, kept for 10 minutes; an unknown key id asks again at most once
 * in 30 s.
 */
export function createTokenVerifier({ issuer, audience, jwksUrl }: TokenIssuer): VerifyToken {
  const keys = createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: jwksTimeoutMs });
  const keyOf: JWTVerifyGetKey = (header, token) => keys(header, token).catch(unlessTokenIsWrong);
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keyOf, {
        algorithms: ['RS256'],
        issuer,
        audience,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: clockToleranceSeconds,
      });
      return callerOf(payload);
    } catch (error) {
      if (error instanceof Problem) throw error;
      return undefined;
    }
  };
}

// A token that names no key of ours is refused; an issuer that does not answer is not its fault.
function unlessTokenIsWrong(error: unknown): never {
  const { JWKSNoMatchingKey, JWKSMultipleMatchingKeys, JOSENotSupported } = errors;
  const refusals = [JWKSNoMatchingKey, JWKSMultipleMatchingKeys, JOSENotSupported];
  if (refusals.some((refusal) => error instanceof refusal)) throw error;
  throw unavailable({ cause: error });
}

function callerOf({ sub, tenant, role }: JWTPayload): Caller | undefined {
  if (typeof sub !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(sub)) return undefined;
  if (typeof tenant !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(tenant)) return undefined;
  const known = roles.find((one) => one === role);
  return known && { tenant, subject: sub, role: known };
}

/** Closed by default: a route that does not say who may use it is used by nobody. */
export function requireCallers(app: App, verifyToken: VerifyToken): void {
  app.addHook('onRequest', async (request) => {
    const { access } = request.routeOptions.config;
    if (access === 'open') return;
    const token = bearerOf(request.raw);
    const caller = token === undefined ? undefined : await verifyToken(token);
    if (caller === undefined) throw authRequired(token !== undefined);
    request.caller = caller;
    if (!access?.includes(caller.role)) throw problem('forbidden');
  });
}

function bearerOf({ rawHeaders }: IncomingMessage): string | undefined {
  // Of two headers Node shows the first; a proxy may have looked at the second.
  const given = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'authorization',
  );
  return given.length === 1 ? /^Bearer +([\w.~+/=-]+)$/i.exec(given[0] ?? '')?.[1] : undefined;
}

function authRequired(given: boolean) {
  const challenge = `Bearer realm="holdfast"${given ? ', error="invalid_token"' : ''}`;
  return problem('auth-required', {}, { 'www-authenticate': challenge });
}
