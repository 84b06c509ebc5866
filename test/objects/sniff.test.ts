import { expect, test } from 'vitest';
import { isImage } from '../../src/domain/index.js';
import { headBytesMax, mediaTypeOf } from '../../src/objects/sniff.js';
import { twoHalves } from './images.js';

const png = () => twoHalves(10, 10).png().toBuffer();
const jpeg = () => twoHalves(10, 10).jpeg().toBuffer();
const bytes = (text: string) => () => Buffer.from(text, 'latin1');
const utf8 = (text: string) => () => Buffer.from(text);
const exe = bytes(`MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff${'\0'.repeat(100)}`);
const svg = utf8('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
const pdf = bytes('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n');
const octets = 'application/octet-stream';

type Case = readonly [
  string,
  string | undefined,
  () => Buffer | Promise<Buffer>,
  string | undefined,
];

test.each<Case>([
  ['a PNG', 'image/png', png, 'image/png'],
  ['a JPEG', 'image/jpeg', jpeg, 'image/jpeg'],
  ['a JPEG by its other name', 'image/jpg', jpeg, 'image/jpg'],
  ['a type in capitals with a parameter', 'IMAGE/PNG; q=1', png, 'image/png'],
  ['a PDF', 'application/pdf', pdf, 'application/pdf'],
  ['a CSV', 'text/csv; charset=utf-8', utf8('name;Grösse\r\na;1\n'), 'text/csv'],
  ['a CSV that begins as a bitmap does', 'text/csv', utf8('BM,a\n1,2\n'), 'text/csv'],
  ['JSON', 'application/json', utf8('{"a": "ü"}'), 'application/json'],
  ['text that is cut within a character', 'text/plain', bytes('gr\xc3'), 'text/plain'],
  ['no text at all', 'text/plain', utf8(''), 'text/plain'],
  ['anything, where nothing is said', octets, exe, octets],
  ['an image that nobody declared', undefined, png, 'image/png'],
  ['a program that nobody declared', undefined, exe, octets],
  ['an SVG that nobody declared', undefined, svg, octets],
])('takes %s for what it is', async (_, declared, file, type) => {
  expect(await mediaTypeOf(await file(), declared)).toBe(type);
});

test.each<readonly [string, string, () => Buffer | Promise<Buffer>]>([
  ['HTML declared as a PNG', 'image/png', utf8('<!doctype html><script>alert(1)</script>')],
  ['an SVG with a script declared as a PNG', 'image/png', svg],
  ['a program declared as a PNG', 'image/png', exe],
  ['nothing declared as a PNG', 'image/png', utf8('')],
  ['a JPEG declared as a PNG', 'image/png', jpeg],
  ['a PNG behind something else', 'image/png', bytes('#!/bin/sh\n\x89PNG\r\n\x1a\n')],
  ['a PDF declared as a JPEG', 'image/jpeg', pdf],
  ['a PDF behind something else', 'application/pdf', bytes('x%PDF-1.7')],
  ['a program declared as text', 'text/plain', exe],
  ['a PNG declared as a CSV', 'text/csv', png],
  ['latin-1 declared as text', 'text/plain', bytes('gr\xfc\xdfe')],
  ['UTF-16 declared as text', 'text/plain', bytes('\xff\xfea\0b\0')],
  ['terminal codes declared as text', 'text/plain', bytes('\x1b[2J')],
  ['HTML, whose bytes say nothing', 'text/html', utf8('<!doctype html>')],
  ['an SVG, whose bytes say nothing', 'image/svg+xml', svg],
  ['a script, whose bytes say nothing', 'application/javascript', utf8('alert(1)')],
  ['what is no type', 'png', png],
  ['an empty type', '', png],
])('refuses %s', async (_, declared, file) => {
  expect(await mediaTypeOf(await file(), declared)).toBeUndefined();
});

test('looks at the beginning and no further', async () => {
  const late = (size: number) => Buffer.concat([Buffer.alloc(size, 'a'), exe()]);

  expect(await mediaTypeOf(late(headBytesMax), 'text/plain')).toBe('text/plain');
  expect(await mediaTypeOf(late(headBytesMax - 3), 'text/plain')).toBeUndefined();
});

test('knows which types have pixels to look at', () => {
  expect(['image/png', 'image/webp', 'text/csv', 'image/svg+xml'].map(isImage)).toEqual([
    ...[true, true, false, false],
  ]);
});
