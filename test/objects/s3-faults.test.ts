import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../src/objects/index.js';
import { createS3Store, type S3StoreSettings } from '../../src/objects/s3-store.js';
import { awsCredentials, type S3Server } from '../support/s3-server.js';
import { startVersitygw } from '../support/versitygw/start-versitygw.js';
import { content, gathered, inPieces } from './content.js';
import { createS3Proxy, type Fate, type S3Proxy } from './s3-proxy.js';

Object.assign(process.env, awsCredentials);

const mega = 1024 * 1024;
const bytes = content(20 * mega);
const plenty = 100 * mega;
const soon = { requestTimeoutMs: 500 };
let server: S3Server;
let proxy: S3Proxy;
let direct: ObjectStore;
let keys = 0;

beforeAll(async () => {
  server = await startVersitygw();
  proxy = await createS3Proxy(server.endpoint);
  direct = createS3Store(server);
}, 600_000);

afterAll(async () => {
  await proxy?.stop();
  await server?.stop();
});

beforeEach(() =>
  proxy.faults(
    () => false,
    () => 'passes',
  ),
);

function through(settings: Partial<S3StoreSettings> = {}): ObjectStore {
  return createS3Store({ ...settings, bucket: server.bucket, endpoint: proxy.endpoint });
}

function aKey(): string {
  keys += 1;
  return `faults/${keys}`;
}

const part = (number: number) => (method: string, url: string) =>
  method === 'PUT' && url.includes(`partNumber=${number}&`);
const completion = (method: string, url: string) => method === 'POST' && url.includes('uploadId=');
const anyChange = (method: string) => method !== 'GET' && method !== 'HEAD';
const abandonAll = () => direct.abandon(Date.now() + 60_000);

describe('a store of S3 behind a bad network', () => {
  const always: readonly (readonly [string, Fate])[] = [
    ['is answered 500', { status: 500 }],
    ['is answered 503', { status: 503 }],
    ['is cut off', 'cut'],
    ['is never answered', 'hangs'],
  ];

  test.each(always)('shows nothing where the second part %s every time', async (_, fate) => {
    const key = aKey();
    proxy.faults(part(2), () => fate);

    await expect(through(soon).put(key, inPieces(bytes), plenty)).rejects.toThrow();

    expect(proxy.matched()).toBe(3);
    expect(await direct.size(key)).toBeUndefined();
    expect(await direct.list(key)).toEqual({ objects: [] });
    expect(await abandonAll()).toBe(0);
  });

  const once: readonly (readonly [string, Fate])[] = [
    ...always,
    ['loses its answer', 'answer-lost'],
  ];

  test.each(once)('keeps the whole where the second part %s once', async (_, fate) => {
    const key = aKey();
    proxy.faults(part(2), (count) => (count === 1 ? fate : 'passes'));

    await through(soon).put(key, inPieces(bytes), plenty);

    expect((await gathered(await direct.read(key))).equals(bytes)).toBe(true);
    expect(await abandonAll()).toBe(0);
  });

  test('leaves what it could not end to be abandoned, and tells the first fault', async () => {
    const key = aKey();
    let first = true;
    proxy.faults(anyChange, (count) => {
      if (count < 3) return 'passes';
      if (!first) return { status: 503 };
      first = false;
      return { status: 400, body: '<Error><Code>FirstFault</Code></Error>' };
    });

    const put = through().put(key, inPieces(bytes), plenty);

    await expect(put).rejects.toMatchObject({ name: 'FirstFault' });
    expect(await direct.list(key)).toEqual({ objects: [] });
    expect(await abandonAll()).toBe(1);
  });

  test('has the whole there where only the answer to the last word is lost', async () => {
    const key = aKey();
    proxy.faults(completion, (count) => (count === 1 ? 'answer-lost' : 'passes'));

    await through()
      .put(key, inPieces(bytes), plenty)
      .catch(() => undefined);

    expect((await gathered(await direct.read(key))).equals(bytes)).toBe(true);
    expect(await abandonAll()).toBe(0);
  });

  test('puts a small object once more where the answer is lost', async () => {
    const key = aKey();
    proxy.faults(anyChange, (count) => (count === 1 ? 'answer-lost' : 'passes'));

    const stored = await through().put(key, inPieces(content(1_000)), plenty);

    expect(stored.size).toBe(1_000);
    expect(await gathered(await direct.read(key))).toEqual(content(1_000));
  });

  test('never takes the beginning of an object for all of it', async () => {
    const key = aKey();
    await direct.put(key, inPieces(bytes), plenty);
    proxy.faults(
      (method) => method === 'GET',
      () => 'answer-cut',
    );

    const read = await through().read(key);

    await expect(gathered(read)).rejects.toThrow();
  });

  test.each([12 * mega, 12 * mega + 1])('copies %i bytes in pieces', async (size) => {
    const [from, to] = [aKey(), aKey()];
    await direct.put(from, inPieces(bytes.subarray(0, size)), plenty);
    proxy.faults(part(3), () => 'passes');

    await through({ copyBytesMax: 6 * mega - 1 }).copy(from, to);

    expect(proxy.matched()).toBe(1);
    expect((await gathered(await direct.read(to))).equals(bytes.subarray(0, size))).toBe(true);
  });

  test('shows nothing of a copy that fails at its second piece', async () => {
    const [from, to] = [aKey(), aKey()];
    await direct.put(from, inPieces(bytes), plenty);
    proxy.faults(part(2), () => ({ status: 500 }));

    await expect(through({ copyBytesMax: 6 * mega }).copy(from, to)).rejects.toThrow();

    expect(await direct.size(to)).toBeUndefined();
    expect(await abandonAll()).toBe(0);
  });

  test('says so when a server does not remove what it was told to', async () => {
    const body =
      '<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code></Error></DeleteResult>';
    proxy.faults(anyChange, () => ({ status: 200, body }));

    await expect(through().remove([aKey()])).rejects.toThrow('AccessDenied');
  });

  test('does not take a bucket that is not there for an object that is not there', async () => {
    const store = createS3Store({ bucket: 'no-such-bucket', endpoint: server.endpoint });

    await expect(store.read('key')).rejects.toThrow();
    await expect(store.list('key')).rejects.toThrow();
    await expect(store.put('key', inPieces(content(1)), 10)).rejects.toThrow();
  });
});
