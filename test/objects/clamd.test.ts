import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clamdAddress, createClamd } from '../../src/objects/clamd.js';
import { freePort } from '../../src/servers/index.js';
import { aClamd, eicar } from './a-clamd.js';
import { content, hanging, inPieces } from './content.js';

async function aScanner(order: Parameters<typeof aClamd>[0] = {}) {
  const clamd = await aClamd(order);
  onTestFinished(() => clamd.stop());
  return { ...clamd, scanner: createClamd(clamd.address) };
}

const bytesOf = (text: string) => inPieces(Buffer.from(text), 7);

describe('a scan by clamd', () => {
  test.each([0, 1, 65_536, 65_537, 1_000_000])('finds nothing in %i clean bytes', async (size) => {
    const { scanner, received } = await aScanner();

    const verdict = await scanner.scan(inPieces(content(size), 200_000));

    expect(verdict).toEqual({ kind: 'clean' });
    expect(Buffer.concat(received()).equals(content(size))).toBe(true);
    expect(received().every(({ length }) => length > 0 && length <= 65_536)).toBe(true);
  });

  test.each([1, 30, 68, 100])('finds EICAR, also in pieces of %i bytes', async (pieceBytes) => {
    const { scanner } = await aScanner();
    const file = Buffer.concat([content(50), Buffer.from(eicar), content(50)]);

    const verdict = await scanner.scan(inPieces(file, pieceBytes));

    expect(verdict).toEqual({ kind: 'infected', signature: 'Eicar-Test-Signature' });
  });

  test('asks through a socket of this machine', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-clamd-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const { scanner } = await aScanner({ path: join(folder, 'clamd.sock') });

    expect(await scanner.scan(bytesOf(eicar))).toMatchObject({ kind: 'infected' });
    expect(await scanner.scan(bytesOf('harmless'))).toEqual({ kind: 'clean' });
  });

  test('says that what clamd does not look at is too large', async () => {
    const { scanner } = await aScanner({ streamBytesMax: 100_000 });

    expect(await scanner.scan(inPieces(content(100_000)))).toEqual({ kind: 'clean' });
    const more = await aScanner({ streamBytesMax: 100_000 });
    expect(await more.scanner.scan(inPieces(content(100_001)))).toEqual({ kind: 'too-large' });
  });

  const answers: readonly (readonly [string, (socket: Socket) => void])[] = [
    ['nothing', (socket) => socket.end()],
    ['half a word', (socket) => socket.end('stream: O')],
    ['a word that does not end', (socket) => socket.end('stream: OK')],
    ['an error', (socket) => socket.end('Can not allocate memory ERROR\0')],
    ['something else', (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n\0')],
    ['of another stream', (socket) => socket.end('file: OK\0')],
    ['OK and more', (socket) => socket.end('stream: OK, I think\0')],
    ['a reset', (socket) => void socket.resetAndDestroy()],
    ['without an end', (socket) => void socket.write('x'.repeat(10_000))],
  ];

  test.each(answers)('takes an answer that is %s for none', async (_, answer) => {
    const { scanner } = await aScanner({ answers: answer });

    await expect(scanner.scan(inPieces(content(1_000)))).rejects.toThrow();
  });

  test('does not believe that what it has not seen is clean', async () => {
    const { scanner } = await aScanner({ onConnect: (socket) => socket.end('stream: OK\0') });
    let sent = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        sent += 1;
        yield content(65_536);
      }
    }

    await expect(scanner.scan(endless())).rejects.toThrow('no verdict');
    expect(sent).toBeGreaterThan(0);
  });

  test('gives up on a clamd that is silent', async () => {
    const { address } = await aScanner({ answers: () => undefined });

    const scan = createClamd(address, 100).scan(inPieces(content(1_000)));

    await expect(scan).rejects.toThrow('said nothing for 100 ms');
  });

  test('gives up on one that is not there', async () => {
    const scanner = createClamd({ host: '127.0.0.1', port: await freePort() });

    await expect(scanner.scan(inPieces(content(1_000)))).rejects.toThrow('ECONNREFUSED');
  });

  test('stops for a sender that breaks off, and for a signal while one hangs', async () => {
    const { scanner } = await aScanner();
    const broken = new Error('the store went away');
    async function* breaking(): AsyncGenerator<Buffer> {
      yield content(10);
      throw broken;
    }
    const stop = new AbortController();
    const unwanted = new Error('no longer wanted');
    const hangs = hanging(content(10), () => stop.abort(unwanted));

    await expect(scanner.scan(breaking())).rejects.toBe(broken);
    await expect(scanner.scan(hangs, stop.signal)).rejects.toBe(unwanted);
  });
});

test.each([
  ['clamd://scanner:3310', { host: 'scanner', port: 3310 }],
  ['clamd://127.0.0.1:1', { host: '127.0.0.1', port: 1 }],
  ['clamd://[::1]:3310', { host: '::1', port: 3310 }],
  ['clamd:///run/clamd.sock', { path: '/run/clamd.sock' }],
  ['clamd://scanner', undefined],
  ['clamd://scanner:0', undefined],
  ['clamd://scanner:70000', undefined],
  ['clamd://user@scanner:3310', undefined],
  ['http://scanner:3310', undefined],
  ['', undefined],
])('reads the scanner %s', (given, address) => {
  expect(clamdAddress(given)).toEqual(address);
});
