import { nkeys } from '@nats-io/transport-node';

/** -1 is no limit. */
const traffic = { subs: -1, data: -1, payload: -1 };
const limits = { ...traffic, conn: -1, imports: -1, exports: -1 };
const streams = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** An operator, an account with streams and its user, as `nsc` makes them: which file has what. */
export function natsCredentials() {
  const operator = nkeys.createOperator();
  const system = nkeys.createAccount();
  const account = nkeys.createAccount();
  const user = nkeys.createUser();
  const id = (pair: typeof user) => pair.getPublicKey();
  const operatorToken = token(operator, id(operator), { type: 'operator' });
  const systemToken = token(operator, id(system), { type: 'account', limits });
  const accountToken = token(operator, id(account), {
    ...{ type: 'account', limits: { ...limits, ...streams } },
  });
  const userToken = token(account, id(user), { type: 'user', ...traffic });
  const seed = new TextDecoder().decode(user.getSeed());
  return {
    /** Lines of the server's configuration. */
    server: [
      `operator: ${operatorToken}`,
      'resolver: MEMORY',
      `system_account: ${id(system)}`,
      `resolver_preload: { ${id(system)}: ${systemToken}, ${id(account)}: ${accountToken} }`,
    ].join('\n'),
    /** The file that the user has. */
    user: [
      ...['-----BEGIN NATS USER JWT-----', userToken, '------END NATS USER JWT------', ''],
      ...['-----BEGIN USER NKEY SEED-----', seed, '------END USER NKEY SEED------', ''],
    ].join('\n'),
  };
}

function token(issuer: ReturnType<typeof nkeys.createUser>, subject: string, nats: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    ...{ jti: subject, iat: Math.floor(Date.now() / 1_000), iss: issuer.getPublicKey() },
    ...{ sub: subject, name: subject, nats: { ...nats, version: 2 } },
  };
  const signed = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`;
}
