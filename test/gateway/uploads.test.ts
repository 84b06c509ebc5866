import { createHash } from 'node:crypto';
import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import { aGateway, type TestGateway } from './a-gateway.js';
import { aTus, digestOf, someBytes, type Tus } from './a-tus.js';

let gateway: TestGateway;
let tus: Tus;
let account: string;

beforeAll(async () => {
  gateway = await aGateway();
  tus = aTus(gateway);
  await gateway.world.work();
  account = await tus.quota(1_000_000);
});
afterAll(() => gateway.stop());

describe('an upload by tus', () => {
  test('says what of it is spoken, to anybody', async () => {
    const { status, headers } = await gateway.send('OPTIONS', '/v1/uploads', { as: null });

    expect(status).toBe(204);
    expect(Object.fromEntries(headers)).toMatchObject({
      'tus-resumable': '1.0.0',
      'tus-version': '1.0.0',
      'tus-extension': 'creation,creation-with-upload,termination,checksum,expiration',
      'tus-checksum-algorithm': 'sha1,sha256',
    });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  test('is created with its room, and goes on part by part', async () => {
    const { status, headers } = await tus.create(10, { account, filename: 'ten bytes.txt' });
    const opId = headers.get('location')?.split('/').at(-1) ?? '';
    const first = await tus.patch(opId, 0, someBytes(4));
    const between = await tus.offset(opId);
    const last = await tus.patch(opId, 4, someBytes(6));

    expect([status, headers.get('location')]).toEqual([201, `/v1/uploads/${opId}`]);
    expect(Date.parse(headers.get('upload-expires') ?? '')).toBeGreaterThan(Date.now());
    expect([first.status, first.headers.get('upload-offset')]).toEqual([204, '4']);
    expect(between).toBe(4);
    expect([last.status, last.headers.get('upload-offset')]).toEqual([204, '10']);
    expect(await gateway.world.client.result(opId as OpId)).toMatchObject({ kind: 'settled' });
    expect(await tus.upload(opId)).toMatchObject({
      ...{ received: 10, size: 10, stage: 'COMMITTED', version: 4 },
      sha256: createHash('sha256').update(someBytes(4)).update(someBytes(6)).digest('hex'),
    });
  });

  test('that is published is deleted, and its bytes are back on the account', async () => {
    const quota = await tus.quota(10);
    const opId = await tus.begun(10, { account: quota });
    await tus.patch(opId, 0, someBytes(10));
    await gateway.world.client.result(opId);
    const full = await gateway.world.available(quota as never);

    const { status } = await gateway.send('DELETE', `/v1/uploads/${opId}`, {
      headers: { 'tus-resumable': '1.0.0' },
    });

    expect([full, status]).toEqual([0, 204]);
    expect(await gateway.world.available(quota as never)).toBe(10);
    expect([await tus.offset(opId), (await tus.upload(opId)).stage]).toEqual([410, 'DELETED']);
  });

  test('is told of itself what was said of it, and nobody else', async () => {
    const named = { account, filename: 'Grüße.txt', 'x-note': 'for ada' };
    const opId = await tus.begun(10, { ...named, filetype: 'Text/Plain' });

    const { headers } = await gateway.send('HEAD', `/v1/uploads/${opId}`, {
      headers: { 'tus-resumable': '1.0.0' },
    });
    const { text } = await gateway.send('GET', `/v1/operations/${opId}`);

    const said = (headers.get('upload-metadata') ?? '').split(',').map((pair) => {
      const [name = '', value = ''] = pair.split(' ');
      return [name, Buffer.from(value, 'base64').toString()];
    });
    expect(Object.fromEntries(said)).toEqual({
      ...{ filename: 'Grüße.txt', 'x-note': 'for ada', filetype: 'text/plain' },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text).not.toMatch(/Gr.*e\.txt|for ada/);
  });

  test('may bring its first bytes with it', async () => {
    const bytes = someBytes(7);

    const { status, headers } = await tus.create(10, { account }, { bytes });

    expect([status, headers.get('upload-offset')]).toEqual([201, '7']);
    const opId = headers.get('location')?.split('/').at(-1) ?? '';
    expect(await tus.offset(opId)).toBe(7);
  });

  test('is the same one under the same key, wherever it has come to', async () => {
    const headers = { 'idempotency-key': nanoid() };
    const bytes = someBytes(3);

    const first = await tus.create(10, { account }, { headers, bytes });
    const again = await tus.create(10, { account }, { headers, bytes });
    const other = await tus.create(11, { account }, { headers });

    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect(again.headers.get('upload-offset')).toBe('3');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
    expect(other.body['differs']).toEqual(['amount']);
  });

  test('takes the only account in BYTE of who asks, when none is named', async () => {
    const mine = await tus.quota(100, 'bea');
    const as = { as: 'customer', sub: 'bea' } as const;

    const { headers } = await tus.create(10, {}, as);
    const none = await tus.create(10, {}, { as: 'customer', sub: 'carl' });
    await tus.quota(100, 'bea');
    const several = await tus.create(10, {}, as);

    const { body } = await gateway.send(
      'GET',
      headers.get('location')?.replace('uploads', 'operations') ?? '',
    );
    expect(body['account']).toBe(mine);
    expect(await gateway.world.available(body['account'] as never)).toBe(90);
    expect([none.status, none.body.code, none.body['errors']]).toEqual([
      ...[422, 'field-required', [{ path: 'account', code: 'field-required' }]],
    ]);
    expect([several.status, several.body.code]).toEqual([422, 'field-required']);
  });

  test('keeps nothing of bytes that are not those of their checksum', async () => {
    const opId = await tus.begun(10, { account });
    const bytes = someBytes(5);
    const checksum = (value: string) => ({ headers: { 'upload-checksum': value } });

    const damaged = await tus.patch(opId, 0, someBytes(5, 2), checksum(`sha1 ${digestOf(bytes)}`));
    const kept = [await tus.offset(opId), await tus.parts(opId)];
    const unknown = await tus.patch(opId, 0, bytes, checksum(`md5 ${digestOf(bytes, 'md5')}`));
    const sha1 = await tus.patch(opId, 0, bytes, checksum(`sha1 ${digestOf(bytes, 'sha1')}`));
    const sha256 = await tus.patch(opId, 5, bytes, checksum(`sha256 ${digestOf(bytes)}`));

    expect([damaged.status, damaged.body.code]).toEqual([460, 'part-damaged']);
    expect(kept).toEqual([0, []]);
    expect([unknown.status, unknown.body.code]).toEqual([400, 'upload-header-invalid']);
    expect([sha1.status, sha256.status]).toEqual([204, 204]);
    expect(await tus.offset(opId)).toBe(10);
  });

  test('is withdrawn, and then nothing more is taken', async () => {
    const quota = await tus.quota(10);
    const opId = await tus.begun(10, { account: quota });
    await tus.patch(opId, 0, someBytes(5));

    const { status } = await gateway.send('DELETE', `/v1/uploads/${opId}`, {
      headers: { 'tus-resumable': '1.0.0' },
    });
    const ended = await gateway.world.client.result(opId);
    const late = await tus.patch(opId, 5, someBytes(5));

    expect([status, ended]).toMatchObject([204, { kind: 'fail', code: 'withdrawn' }]);
    expect([late.status, late.body.code]).toEqual([410, 'upload-ended']);
    expect(await tus.offset(opId)).toBe(410);
    expect(await gateway.world.available(quota as never)).toBe(10);
  });
});
