import { afterEach, expect, test } from 'vitest';
import { type Checks, type HealthServer, startHealthServer } from '../../src/main/health.js';

let server: HealthServer | undefined;
afterEach(() => server?.close());

async function ask(path: string, checks: Checks) {
  server = await startHealthServer({ host: '127.0.0.1', port: 0, checks });
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
  const connection = response.headers.get('connection');
  return { status: response.status, connection, body: await response.json() };
}

const never = () => new Promise<boolean>(() => undefined);
const broken = () => Promise.reject(new Error('secret words of a driver'));

test('is ready when every check is fine', async () => {
  expect(await ask('/readyz', { database: () => true, temporal: async () => true })).toEqual({
    status: 200,
    connection: 'keep-alive',
    body: { status: 'ok' },
  });
});

test('names what is down, in fixed words, and does not wait for what never answers', async () => {
  const checks = { database: broken, temporal: never, worker: () => false, provider: () => true };

  expect(await ask('/readyz', checks)).toEqual({
    status: 503,
    connection: 'close',
    body: { status: 'unavailable', down: ['database', 'temporal', 'worker'] },
  });
});

test('is alive while its checks are not', async () => {
  expect(await ask('/livez', { database: broken })).toEqual({
    status: 200,
    connection: 'keep-alive',
    body: { status: 'ok' },
  });
});

test('has no other path', async () => {
  expect((await ask('/metrics', {})).status).toBe(404);
});
