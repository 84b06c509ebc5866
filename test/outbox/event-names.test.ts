import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { phases } from '../../src/domain/index.js';
import { eventTypes } from '../../src/outbox/event-types.js';

const topics = [
  ...['account', 'case', 'hold', 'late', 'notification', 'payment', 'payout', 'refund', 'ride'],
  'upload',
];

test('every event that the code writes is listed for its readers, and no other', async () => {
  const guide = await readFile('docs/events.md', 'utf8');
  const listed = [...guide.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name);

  const code = await sourcesOf('src/ledger', '.sql');
  const orders = await sourcesOf('src/workflows', '.ts');
  const named = names(code, /'([a-z]+\.[a-z-]+)'/g).concat(names(orders, /'([a-z]+\.[a-z-]+)'/g));
  const own = names(code, /lower\(o\.domain\) \|\| '\.([a-z-]+)'/g).concat(
    // Written as the end of a choice.
    names(code, /(?:then|else) '\.([a-z-]+)'/g),
    [...phases],
  );
  const written = [
    ...named.filter((name) => topics.includes(name.split('.')[0] ?? '')),
    ...own.map((word) => `OPERATION.${word}`),
  ];
  const covered = (name: string) => {
    const [topic, word] = name.split('.');
    return topic !== 'hold' && listed.includes(`OPERATION.${word}`) ? `OPERATION.${word}` : name;
  };

  expect([...new Set(written.map(covered))].sort()).toEqual([...listed].sort());
});

test('every event that is listed has a consumer that waits for it, and no other', async () => {
  const guide = await readFile('docs/events.md', 'utf8');
  const [, kinds = ''] = /`OPERATION` is .*?: ([^.]*)\./s.exec(guide) ?? [];
  const operations = names(kinds, /`([a-z]+)`/g);

  const listed = names(guide, /^\| `([^`]+)` \|/gm).flatMap((name) =>
    name.startsWith('OPERATION.')
      ? operations.map((operation) => name.replace('OPERATION', operation))
      : [name],
  );

  expect(eventTypes.toSorted()).toEqual(listed.toSorted());
});

async function sourcesOf(folder: string, ending: string): Promise<string> {
  // The invariants name the lines of the audit, and write nothing.
  const files = (await readdir(folder)).filter(
    (file) => file.endsWith(ending) && file !== 'violations.sql',
  );
  return (await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))).join('\n');
}

function names(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, name = '']) => name);
}
