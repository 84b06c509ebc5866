import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Made, madeFile, withdrawn } from '../generator/index.js';
import { describedApi, type Place } from './new-operation.js';

/** What was made under this name; undefined when the generator made nothing under it. */
export async function madeHere({ root }: Place, name: string): Promise<Made | undefined> {
  const path = join(root, madeFile(name));
  return existsSync(path) ? (JSON.parse(await readFile(path, 'utf8')) as Made) : undefined;
}

/** Takes all of an operation away; gives why it cannot, and then nothing was done. */
export async function removeOperation(
  place: Place,
  made: Made,
  describes: boolean,
): Promise<string | undefined> {
  const { root, say } = place;
  const lists = new Map<string, string>();
  for (const insertion of made.insertions) {
    const { file, text } = insertion;
    const list = lists.get(file) ?? (await readFile(join(root, file), 'utf8'));
    const without = withdrawn(list, insertion);
    if (without === undefined) return `${file} was changed where it said:\n${text}`;
    lists.set(file, without);
  }
  const journalFile = join(root, 'drizzle/meta/_journal.json');
  const journal = JSON.parse(await readFile(journalFile, 'utf8')) as {
    readonly entries: readonly { readonly idx: number; readonly tag: string }[];
  };
  const last = journal.entries.at(-1);
  if (last?.tag !== made.migration) {
    return `${made.migration} is not the last migration: others may have run after it`;
  }
  say(`Taking ${made.files.length} files and ${made.insertions.length} entries away ...`);
  for (const [file, text] of lists) await writeFile(join(root, file), text);
  const entries = journal.entries.slice(0, -1);
  await writeFile(journalFile, JSON.stringify({ ...journal, entries }, null, 2));
  const snapshot = `drizzle/meta/${String(last.idx).padStart(4, '0')}_snapshot.json`;
  const ours = [`drizzle/${made.migration}.sql`, snapshot, madeFile(made.name)];
  for (const path of [...made.files, ...ours]) await rm(join(root, path), { force: true });
  if (describes && lists.has('src/gateway/server.ts')) await describedApi(place);
  return undefined;
}
