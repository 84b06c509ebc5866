import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Migration {
  readonly name: string;
  /** Its place in the order, epoch milliseconds. */
  readonly when: number;
  readonly text: string;
  /** SHA-256 of the text, as drizzle-kit writes it. */
  readonly hash: string;
}

/** The migrations of a drizzle-kit folder, oldest first. Throws when one of them is missing. */
export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const journal = JSON.parse(await readFile(join(folder, 'meta', '_journal.json'), 'utf8')) as {
    readonly entries: readonly { readonly tag: string; readonly when: number }[];
  };
  const migrations = await Promise.all(
    journal.entries.map(async ({ tag, when }) => {
      const text = await readFile(join(folder, `${tag}.sql`), 'utf8');
      return { name: tag, when, text, hash: createHash('sha256').update(text).digest('hex') };
    }),
  );
  return migrations.sort((left, right) => left.when - right.when);
}
