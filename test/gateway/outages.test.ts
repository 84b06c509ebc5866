import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTokenVerifier } from '../../src/gateway/index.js';
import { createProxy, type Proxy } from '../support/proxy.js';
import { aGateway, anIssuer, type TestGateway } from './a-gateway.js';

const wait = { prefer: 'wait=20' };

describe('while the database cannot be reached', () => {
  let gateway: TestGateway;
  let proxy: Proxy;

  beforeAll(async () => {
    gateway = await aGateway({
      databaseUrl: async (url) => {
        const { port, hostname: host } = new URL(url);
        proxy = await createProxy({ port: Number(port), host });
        return proxy.via(url);
      },
    });
    await gateway.world.work();
  });
  afterAll(async () => {
    await gateway.stop();
    await proxy.close();
  });

  test('everything is 503 within seconds, and all works once it is back', async () => {
    const account = await gateway.world.account(100_00);
    const headers = { 'idempotency-key': nanoid(), ...wait };
    expect((await gateway.send('GET', '/readyz')).status).toBe(200);
    proxy.blackHole();

    const answers = await Promise.all([
      gateway.send('GET', '/readyz'),
      gateway.pay({ account }, { headers }),
      gateway.send('GET', `/v1/accounts/${account}`),
      gateway.send('GET', '/v1/operations'),
      gateway.send('GET', '/livez'),
    ]);
    proxy.heal();
    proxy.cut();

    const [ready, ...rest] = answers.map(({ status }) => status);
    expect([ready, ...rest]).toEqual([503, 503, 503, 503, 200]);
    expect(answers[0]?.body).toMatchObject({ code: 'not-ready', down: ['database'] });
    expect(answers[1]?.body.code).toBe('unavailable');
    for (const { headers: seen } of answers.slice(0, 4)) {
      expect(Number(seen.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(answers.map(({ text }) => text).join()).not.toMatch(
      /postgres|socket|DATABASE_|127\.0|Error/,
    );
    const again = await gateway.pay({ account }, { headers });
    expect([again.status, again.body.state]).toEqual([200, 'COMPLETED']);
    expect(await gateway.world.available(account)).toBe(70_00);
    expect((await gateway.send('GET', '/readyz')).status).toBe(200);
  });

  test('what was accepted before it went away is still said to be accepted', async () => {
    const account = await gateway.world.account(100_00);
    await gateway.world.fault({ match: {}, fault: 'slow', delayMs: 1_500 });
    const before = await gateway.operations();

    const answer = gateway.pay({ account }, { headers: { prefer: 'wait=3' } });
    await expect.poll(gateway.operations, { timeout: 10_000 }).toBe(before + 1);
    proxy.blackHole();
    const { status, body } = await answer;
    proxy.heal();
    proxy.cut();

    expect([status, body.state]).toEqual([202, 'PENDING']);
    expect((await gateway.world.client.result(body.opId))?.kind).toBe('settled');
  });
});

describe('while Temporal cannot be reached', () => {
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await aGateway({ temporalAddress: async () => '127.0.0.1:9' });
    await gateway.world.work();
  });
  afterAll(() => gateway.stop());

  test('what needs it is 503 within seconds, and what does not is answered', async () => {
    const account = await gateway.world.account(100_00);
    const opId = await gateway.world.pay({ account });
    await gateway.world.client.result(opId);
    const before = await gateway.operations();

    const [ready, paid, unknown, known] = await Promise.all([
      gateway.send('GET', '/readyz'),
      gateway.pay({ account }),
      gateway.send('GET', '/v1/operations/op_unknown'),
      gateway.send('GET', `/v1/operations/${opId}`),
    ]);

    expect(ready.body).toMatchObject({ status: 503, code: 'not-ready', down: ['temporal'] });
    expect([paid.status, paid.body.code]).toEqual([503, 'unavailable']);
    expect([unknown.status, known.status]).toEqual([503, 200]);
    expect(paid.text).not.toMatch(/grpc|ECONNREFUSED|127\.0/i);
    expect(await gateway.operations()).toBe(before);
  });
});

describe('closing', () => {
  test('answers what is under way with what is known, and takes nothing new', async () => {
    const gateway = await aGateway();
    await gateway.world.work();
    const account = await gateway.world.account(20_000_00);
    const pending = gateway.pay({ account, amount: 9_042_02 }, { headers: { prefer: 'wait=30' } });
    await expect.poll(gateway.operations, { timeout: 10_000 }).toBe(3);

    const stopped = gateway.stop();
    const { status, body } = await pending;
    await stopped;

    expect([status, body.account]).toEqual([202, account]);
    await expect(gateway.send('GET', '/livez')).rejects.toThrow();
  });

  test('says so to all that is new, until what it had begun has ended', async () => {
    const gateway = await aGateway();
    const authorization = `Bearer ${await gateway.issuer.token('admin', 'ada', 't')}`;
    const socket = await aBegunPost(gateway.port, authorization);

    const stopped = gateway.stop();
    const [ready, paid, lives] = await Promise.all([
      gateway.send('GET', '/readyz'),
      gateway.pay({ account: 'nobody' }),
      gateway.send('GET', '/livez'),
    ]);
    socket.end('{}');
    const [begun] = (await once(socket, 'data')) as [Buffer];

    expect(ready).toMatchObject({ status: 503, body: { code: 'not-ready', down: ['closing'] } });
    expect(paid).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect(lives.status).toBe(200);
    const connections = [ready, paid, lives].map(({ headers }) => headers.get('connection'));
    expect(connections).toEqual(['close', 'close', 'close']);
    expect(begun.toString()).toMatch(/^HTTP\/1.1 422 /);
    expect(await stopped).toEqual({ drained: 1, interrupted: 0 });
  });

  test('waits for nobody who has begun to ask and goes no further', async () => {
    const gateway = await aGateway();
    const silent = connect(gateway.port, '127.0.0.1').on('error', () => undefined);
    silent.write('GET /livez HTTP/1.1\r\nhost: x\r\n');
    // A connection of after that one is answered: so the silent one has been taken.
    await gateway.send('GET', '/livez');

    expect(await gateway.stop()).toEqual({ drained: 0, interrupted: 0 });
    if (!silent.destroyed) await once(silent, 'close');
  });
});

/** A POST that the gateway has begun on: it asked for the body, which has not been sent. */
async function aBegunPost(port: number, authorization: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  const head = [
    ...['POST /v1/payments HTTP/1.1', 'host: x', `authorization: ${authorization}`],
    ...['content-type: application/json', 'content-length: 2', 'idempotency-key: key-begun'],
    ...['expect: 100-continue', '', ''],
  ];
  socket.write(head.join('\r\n'));
  await once(socket, 'data');
  return socket;
}

describe('an issuer', () => {
  test('that cannot be reached is our trouble, not a fault of the token', async () => {
    const issuer = await anIssuer();
    const token = await issuer.token('admin', 'ada', 't');
    const verify = createTokenVerifier(issuer);
    await issuer.close();

    await expect(verify(token)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('is asked once for many tokens, and not again for a flood of unknown keys', async () => {
    const issuer = await anIssuer();
    const verify = createTokenVerifier(issuer);
    const good = await issuer.token('customer', 'ada', 't');
    const strange = await issuer.sign({}, { kid: 'two' });

    await Promise.all(Array.from({ length: 20 }, () => verify(good)));
    const refused = await Promise.all(Array.from({ length: 50 }, () => verify(strange)));

    expect(issuer.asked()).toBe(1);
    expect(new Set(refused)).toEqual(new Set([undefined]));
    expect(await verify(good)).toEqual({ tenant: 't', subject: 'ada', role: 'customer' });
    await issuer.close();
  });
});
