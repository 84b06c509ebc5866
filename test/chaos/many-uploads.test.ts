import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import { createUploadDesk } from '../../src/ledger/index.js';
import { createTusClient } from '../../src/main/tus-client.js';
import { aGateway, type TestGateway } from '../gateway/a-gateway.js';
import { aTus, someBytes } from '../gateway/a-tus.js';
import { aSweep, sweptOnce } from '../support/a-sweep.js';
import { planOf, slowSweepTimeoutMs, swept } from '../support/rounds.js';
import { booksOf } from './running-races.js';

const fault = 'many-uploads';
const bytesEach = 1_000;
const quotaCount = 4;
/** What one process that is two gateways, their worker and all callers gets on with. */
const atOnce = 100;
/** What a sweep looks at: so many that have ended, and so many objects of a kind. */
const sweptAtOnce = 1_000;
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await aGateway();
  // To this one the hour is over in which an object may still become somebody's.
  await gateway.world.work({ sweep: aSweep(gateway.world, []) });
});
afterAll(() => gateway.stop());

test('many-uploads: each of them is whole and counted once, and nothing else is left', {
  timeout: slowSweepTimeoutMs,
}, async (context) => {
  const { world, objects, issuer } = gateway;
  const { rounds } = planOf(fault);
  const uploads = createUploadDesk(world.database.database);
  const urls = [gateway.url, await gateway.another()];
  const token = await issuer.token('admin', 'ada', world.tenant);
  let waits = 0;
  const onWait = () => {
    waits += 1;
  };
  const clients = urls.map((url) => createTusClient({ url, token, onWait }));
  const room = bytesEach * Math.ceil(rounds / quotaCount);
  const quotas = await Promise.all(
    Array.from({ length: quotaCount }, () => aTus(gateway).quota(room)),
  );
  const began = performance.now();

  const found = await swept(context, fault, { books: booksOf(world), atOnce }, async (_, n) => {
    const tus = clients[n % clients.length];
    const bytes = someBytes(bytesEach, n);
    const account = quotas[n % quotaCount] ?? '';
    const url = (await tus?.create(nanoid(), bytes.length, { account })) ?? '';
    await tus?.append(url, 0, bytes);
    const opId = basename(url) as OpId;

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const row = await uploads.find(world.tenant, opId);
    expect(row).toMatchObject({ stage: 'COMMITTED', sha256, size: bytes.length });
    const lies = await objects.read(row?.objectKey ?? '');
    expect(bytes.equals(await buffer((lies ?? []) as AsyncIterable<Buffer>))).toBe(true);
  });
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  for (let done = 0; done < rounds; done += sweptAtOnce) await sweptOnce(world);

  for (const [n, quota] of quotas.entries()) {
    const spent = bytesEach * Math.ceil((rounds - n) / quotaCount);
    expect(await world.available(quota as never)).toBe(room - spent);
  }
  expect(await Promise.all(['parts/', 'quarantine/', 'thumbs/'].map(keysOf))).toEqual([[], [], []]);
  expect(await keysOf('files/')).toHaveLength(rounds);
  expect(found.violations).toEqual([]);
  expect(await world.disagreeing()).toEqual([]);
  context.task.meta.swept = { ...found, note: `${seconds} s, ${waits} calls made again` };
});

async function keysOf(prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  let after: string | undefined;
  do {
    const page = await gateway.objects.list(prefix, after);
    keys.push(...page.objects.map(({ key }) => key));
    after = page.next;
  } while (after !== undefined);
  return keys;
}
