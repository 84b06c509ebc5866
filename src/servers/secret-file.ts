import { readFile, writeFile } from 'node:fs/promises';
import { madeOnce } from './made-once.js';

/** Writes a file that its owner alone can read. */
export async function writeSecret(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
}

/** The text of the file, which `make` gives the first time; its owner alone can read it. */
export async function keptSecret(file: string, make: () => string): Promise<string> {
  await madeOnce(
    file,
    (temporary) => writeSecret(temporary, make()),
    () => undefined,
  );
  return (await readFile(file, 'utf8')).trim();
}
