import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import { createTusClient } from '../../src/main/tus-client.js';
import { eventually } from '../support/eventually.js';
import { aGateway, type TestGateway } from './a-gateway.js';
import { aTus, someBytes, type Tus } from './a-tus.js';

let gateway: TestGateway;
let tus: Tus;
let urls: readonly [string, string];
let token: string;

beforeAll(async () => {
  gateway = await aGateway();
  tus = aTus(gateway);
  await gateway.world.work();
  urls = [gateway.url, await gateway.another()];
  token = await gateway.issuer.token('admin', 'ada', gateway.world.tenant);
});
afterAll(() => gateway.stop());

/** A request that has begun to send and does not go on by itself. */
async function begunPatch(opId: OpId, size: number, first: Buffer) {
  const sending = request(`${urls[0]}/v1/uploads/${opId}`, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${token}`,
      ...{ 'tus-resumable': '1.0.0', 'upload-offset': '0', 'content-length': `${size}` },
      'content-type': 'application/offset+octet-stream',
    },
  });
  sending.on('error', () => undefined);
  const answered = once(sending, 'response');
  await new Promise<unknown>((written) => sending.write(first, written));
  return { sending, answered };
}

async function bytesOf(opId: OpId): Promise<Buffer> {
  const parts = await gateway.world.database.owner<{ key: string }[]>`
    select p.key from ledger.upload_part p join ledger.operation o on o.id = p.op
     where o.op_id = ${opId} order by p.start`;
  const chunks: Uint8Array[] = [];
  for (const { key } of parts) {
    for await (const chunk of (await gateway.objects.read(key)) ?? []) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

describe('an upload through two gateways', () => {
  test('is whole, its parts sent now to one and now to the other', async () => {
    const file = someBytes(2_000_000);
    const opId = await tus.begun(file.length, { account: await tus.quota(file.length) });
    const clients = urls.map((url) => createTusClient({ url, token }));

    for (let at = 0, turn = 0; at < file.length; turn += 1) {
      const bytes = file.subarray(at, at + 300_000);
      at = (await clients[turn % 2]?.append(`/v1/uploads/${opId}`, at, bytes)) ?? Number.NaN;
    }

    expect(await tus.upload(opId)).toMatchObject({ received: file.length });
    expect(
      createHash('sha256')
        .update(await bytesOf(opId))
        .digest('hex'),
    ).toBe(createHash('sha256').update(file).digest('hex'));
  });

  test('has no byte twice when both are sent the same part at once, many times', async () => {
    const file = someBytes(20_000, 7);
    const opId = await tus.begun(file.length, { account: await tus.quota(file.length) });
    const clients = urls.map((url) => createTusClient({ url, token }));

    for (let at = 0; at < file.length; at += 4_000) {
      const bytes = file.subarray(at, at + 4_000);
      const answers = clients.map((client) => client.append(`/v1/uploads/${opId}`, at, bytes));
      expect(await Promise.all(answers)).toEqual([at + 4_000, at + 4_000]);
    }

    expect(await bytesOf(opId)).toEqual(file);
    expect(await tus.parts(opId)).toHaveLength(5);
  });

  test('goes on from another device: the first lets go, and keeps what it sent', async () => {
    const file = someBytes(1_000);
    const opId = await tus.begun(file.length, { account: await tus.quota(file.length) });
    const { sending, answered } = await begunPatch(opId, file.length, file.subarray(0, 400));
    const other = createTusClient({ url: urls[1], token });

    // It may ask before the first one has begun.
    await eventually(async () => expect(await other.offset(`/v1/uploads/${opId}`)).toBe(400));
    const [answer] = await answered;
    await other.append(`/v1/uploads/${opId}`, 400, file.subarray(400));
    sending.destroy();

    expect([answer.statusCode, answer.headers['upload-offset']]).toEqual([204, '400']);
    expect(answer.headers.connection).toBe('close');
    expect(await bytesOf(opId)).toEqual(file);
  });
});
