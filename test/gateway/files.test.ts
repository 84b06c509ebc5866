import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import { ObjectStoreUnavailable } from '../../src/objects/index.js';
import { attachmentOf } from '../../src/gateway/file-names.js';
import { twoHalves } from '../objects/images.js';
import { aGateway, type TestGateway } from './a-gateway.js';
import { aTus, someBytes, type Tus } from './a-tus.js';

let gateway: TestGateway;
let tus: Tus;
let account: string;
let isAway = false;
const file = someBytes(100_000);
const sha256 = createHash('sha256').update(file).digest('hex');

beforeAll(async () => {
  gateway = await aGateway({
    objects: (honest) => ({
      ...honest,
      read: (key, range) =>
        isAway ? Promise.reject(new ObjectStoreUnavailable(12_000)) : honest.read(key, range),
    }),
  });
  tus = aTus(gateway);
  await gateway.world.work();
  account = await tus.quota(10_000_000);
});
afterAll(() => gateway.stop());

async function published(
  metadata: Readonly<Record<string, string>> = {},
  bytes = file,
): Promise<OpId> {
  const opId = await tus.begun(bytes.length, { account, ...metadata });
  await tus.patch(opId, 0, bytes);
  expect(await gateway.world.client.result(opId)).toMatchObject({ kind: 'settled' });
  return opId;
}

async function linkOf(opId: OpId): Promise<string> {
  const { status, body } = await gateway.send('POST', `/v1/uploads/${opId}/link`);
  expect(status).toBe(200);
  expect(Date.parse(String(body['expiresAt']))).toBeGreaterThan(Date.now() + 200_000);
  return String(body['url']);
}

const get = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${gateway.url}${url}`, { method, headers });

describe('a published file', () => {
  test('comes by its link, to be saved and never to be shown', async () => {
    const page = Buffer.from('Guten Tag\n');
    const opId = await published({ filename: '../Grüße.txt', filetype: 'text/plain' }, page);

    const answer = await get(await linkOf(opId));
    const { status, headers } = answer;

    expect(status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(page);
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-type': 'text/plain',
      'content-length': `${page.length}`,
      'content-disposition': attachmentOf('Grüße.txt'),
      'content-security-policy': "default-src 'none'; sandbox",
      etag: `"${createHash('sha256').update(page).digest('hex')}"`,
    });
  });

  test('comes in ranges, as long as it is the same one', async () => {
    const url = await linkOf(await published());
    const etag = `"${sha256}"`;

    const some = await get(url, { range: 'bytes=10-19', 'if-range': etag });
    const end = await get(url, { range: 'bytes=-5' });
    const other = await get(url, { range: 'bytes=10-19', 'if-range': '"other"' });
    const beyond = await get(url, { range: 'bytes=100000-' });
    const same = await get(url, { 'if-none-match': etag });

    expect([some.status, some.headers.get('content-range')]).toEqual([
      ...[206, 'bytes 10-19/100000'],
    ]);
    expect(Buffer.from(await some.arrayBuffer())).toEqual(file.subarray(10, 20));
    expect(Buffer.from(await end.arrayBuffer())).toEqual(file.subarray(-5));
    expect([other.status, (await other.arrayBuffer()).byteLength]).toEqual([200, file.length]);
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */100000']);
    expect([same.status, await same.text()]).toEqual([304, '']);
  });

  test('is not given for a link that is not quite the one that was given', async () => {
    const [opId, other] = [await published(), await published()];
    const url = new URL(await linkOf(opId), gateway.url);
    const changed = (change: (url: URL) => unknown) => {
      const one = new URL(url);
      change(one);
      return `${one.pathname}${one.search}`;
    };

    const wrong = await Promise.all([
      get(changed((one) => one.searchParams.set('expires', '9999999999'))),
      get(changed((one) => one.searchParams.set('tenant', 'another'))),
      get(changed((one) => one.searchParams.set('signature', 'A'.repeat(43)))),
      get(changed((one) => (one.pathname = `/v1/files/${other}`))),
    ]);
    const asHead = await get(`${url.pathname}${url.search}`, {}, 'HEAD');
    const bare = await get(url.pathname);

    expect(wrong.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect(await wrong[0]?.text()).toContain('link-invalid');
    expect([asHead.status, bare.status]).toEqual([405, 400]);
  });

  test('has no link any more once it is deleted, and its old one gives nothing', async () => {
    const opId = await published();
    const url = await linkOf(opId);
    await gateway.send('DELETE', `/v1/uploads/${opId}`, { headers: { 'tus-resumable': '1.0.0' } });

    const again = await gateway.send('POST', `/v1/uploads/${opId}/link`);

    expect((await get(url)).status).toBe(403);
    expect([again.status, again.body.code]).toEqual([404, 'file-unknown']);
  });

  test('has no link for a stranger, and none before it is published', async () => {
    const opId = await published();
    const begun = await tus.begun(10, { account });

    const stranger = await gateway.send('POST', `/v1/uploads/${opId}/link`, {
      ...{ as: 'customer', sub: 'mallory' },
    });
    const early = await gateway.send('POST', `/v1/uploads/${begun}/link`);

    expect([stranger.status, stranger.body.code]).toEqual([404, 'operation-unknown']);
    expect([early.status, early.body.code]).toEqual([404, 'file-unknown']);
  });

  test('comes from a copy while the store is away; without one it is 503', async () => {
    const other = await published({}, someBytes(10, 2));
    const [read, unread] = [await linkOf(await published()), await linkOf(other)];
    await (await get(read)).arrayBuffer();
    isAway = true;

    const copy = await get(read);
    const part = await get(read, { range: 'bytes=10-19' });
    const none = await get(unread);
    isAway = false;

    expect(Buffer.from(await copy.arrayBuffer()).equals(file)).toBe(true);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(file.subarray(10, 20));
    expect([copy.status, copy.headers.get('warning')]).toEqual([
      ...[200, '111 - "Revalidation Failed"'],
    ]);
    expect(Number(copy.headers.get('age'))).toBeGreaterThanOrEqual(0);
    expect([none.status, none.headers.get('retry-after')]).toEqual([503, '12']);
  });
});

describe('the thumbnail of a published image', () => {
  const image = () => twoHalves(600, 900).png().toBuffer();
  const thumbnailOf = async (opId: OpId) => {
    const { body } = await gateway.send('POST', `/v1/uploads/${opId}/link`);
    return { url: String(body['url']), thumbnail: String(body['thumbnail']) };
  };

  test('is a JPEG within 300 x 300 pixels, by a link of its own', async () => {
    const { url, thumbnail } = await thumbnailOf(
      await published({ filetype: 'image/png' }, await image()),
    );

    const answer = await get(thumbnail);
    const jpeg = Buffer.from(await answer.arrayBuffer());
    const bySwapped = await get(url.replace('?', '/thumbnail?'));
    const fileBySwapped = await get(thumbnail.replace('/thumbnail', ''));

    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'content-length': `${jpeg.length}`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    });
    expect(await sharp(jpeg).metadata()).toMatchObject({ format: 'jpeg', width: 200, height: 300 });
    expect([bySwapped.status, fileBySwapped.status]).toEqual([403, 403]);
  });

  test('is not opened by the link of another, nor after the file was deleted', async () => {
    const bytes = await image();
    const [one, other] = [
      await published({ filetype: 'image/png' }, bytes),
      await published({ filetype: 'image/png' }, bytes),
    ];
    const { thumbnail } = await thumbnailOf(one);

    const anothers = await get(thumbnail.replace(one, other));
    const own = await get((await thumbnailOf(other)).thumbnail);
    await gateway.send('DELETE', `/v1/uploads/${one}`, { headers: { 'tus-resumable': '1.0.0' } });
    const late = await get(thumbnail);

    expect([anothers.status, own.status, late.status]).toEqual([403, 200, 403]);
  });

  test('is not promised of another file, and is 404 where it could not be kept', async () => {
    const page = await published({ filetype: 'text/plain' }, Buffer.from('no image\n'));
    const opId = await published({ filetype: 'image/png' }, await image());
    const { thumbnail } = await thumbnailOf(opId);
    const { objects } = await gateway.objects.list(`thumbs/${opId}/`);
    await gateway.objects.remove(objects.map(({ key }) => key));

    const none = await get(thumbnail);
    const { body } = await gateway.send('POST', `/v1/uploads/${page}/link`);
    isAway = true;
    const away = await get(thumbnail);
    isAway = false;

    expect([none.status, await none.text()]).toEqual([
      404,
      expect.stringContaining('file-unknown'),
    ]);
    expect(body).not.toHaveProperty('thumbnail');
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, '12']);
  });

  test('there is none of what does not decode: it is refused as before', async () => {
    const cut = (await image()).subarray(0, 300);
    const opId = await tus.begun(cut.length, { account, filetype: 'image/png' });
    await tus.patch(opId, 0, cut);

    expect(await gateway.world.client.result(opId)).toMatchObject({ code: 'type-mismatch' });
    expect((await gateway.objects.list(`thumbs/${opId}/`)).objects).toEqual([]);
  });
});
