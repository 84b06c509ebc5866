import { describe, expect, test } from 'vitest';
import { gatewayConfig, workerConfig } from '../../src/main/config.js';
import { enough, mistakesOf } from './an-environment.js';

const [one, two] = ['1', '2'].map((digit) => Buffer.alloc(32, digit)) as [Buffer, Buffer];

describe('the configuration of files', () => {
  test('needs nothing said', () => {
    const gateway = gatewayConfig(enough);

    expect(gateway.objectStore).toEqual({ kind: 'file', folder: '.holdfast/objects' });
    expect(gateway.downloads).toEqual({
      ...{ linkSecrets: [], cacheFolder: '.holdfast/downloads', cacheBytesMax: 1_000_000_000 },
    });
    expect(workerConfig(enough).scanner).toBeUndefined();
    expect(workerConfig(enough).objectStore).toEqual(gateway.objectStore);
  });

  test.each([
    ['file:/var/lib/files', { kind: 'file', folder: '/var/lib/files' }],
    ['s3://files', { kind: 's3', bucket: 'files' }],
    [
      's3://my.files?endpoint=http://127.0.0.1:7070&region=eu-central-1',
      {
        ...{ kind: 's3', bucket: 'my.files', region: 'eu-central-1' },
        endpoint: 'http://127.0.0.1:7070',
      },
    ],
  ])('finds the store %s', (given, location) => {
    expect(workerConfig({ ...enough, OBJECT_STORE: given }).objectStore).toEqual(location);
  });

  test('finds a scanner, and the secrets of links, the first of which signs', () => {
    const secrets = `${one.toString('base64')}, ${two.toString('base64')}`;

    const worker = workerConfig({ ...enough, SCANNER: 'clamd://scanner:3310' });
    const gateway = gatewayConfig({ ...enough, DOWNLOAD_LINK_SECRET: secrets });

    expect(worker.scanner).toEqual({ host: 'scanner', port: 3310 });
    expect(gateway.downloads.linkSecrets).toEqual([Uint8Array.from(one), Uint8Array.from(two)]);
  });

  test.each([
    ['OBJECT_STORE', 'file:'],
    ['OBJECT_STORE', '/var/lib/files'],
    ['OBJECT_STORE', 's3://'],
    ['OBJECT_STORE', 's3://Files'],
    ['OBJECT_STORE', 's3://files/folder'],
    ['OBJECT_STORE', 's3://key:secret@files'],
    ['OBJECT_STORE', 's3://files?endpoint=ftp://there'],
    ['OBJECT_STORE', 's3://files?endpoint=http://user:hunter2@there'],
    ['OBJECT_STORE', 's3://files?secret=hunter2'],
    ['SCANNER', 'http://scanner'],
    ['DOWNLOAD_LINK_SECRET', 'hunter2'],
    ['DOWNLOAD_LINK_SECRET', Buffer.alloc(31).toString('base64')],
    ['DOWNLOAD_LINK_SECRET', Array(3).fill(one.toString('base64')).join(',')],
    ['DOWNLOAD_CACHE_BYTES', '-1'],
  ])('does not take %s=%s, nor show it', (name, given) => {
    const environment = { ...enough, [name]: given };

    const config = name === 'SCANNER' ? workerConfig : gatewayConfig;
    const mistakes = mistakesOf(() => config(environment));

    expect(mistakes).toEqual([expect.stringMatching(new RegExp(`^${name} must `))]);
    expect(mistakes.join('')).not.toContain('hunter2');
  });
});
