import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from './unless-missing.js';

interface Wanted {
  /** What names begin with, the folders included. */
  readonly prefix: string;
  /** Names come behind this one. */
  readonly after: string;
  /** Of the files; names are given without it. */
  readonly suffix: string;
}

/**
 * The files under a folder by their paths in it, in the order of these paths as text, which is that
 * of S3; folders without any of them are not looked into. One folder is in memory at a time, with
 * those above it.
 */
export async function* filesUnder(
  root: string,
  wanted: Wanted,
  folder = '',
): AsyncGenerator<string> {
  for (const { name, isFolder } of await namesIn(root, folder, wanted.suffix)) {
    if (!isFolder) {
      if (name.startsWith(wanted.prefix) && name > wanted.after) yield name;
      continue;
    }
    const hasSome = name.startsWith(wanted.prefix) || wanted.prefix.startsWith(name);
    const hasLater = name > wanted.after || wanted.after.startsWith(name);
    if (hasSome && hasLater) yield* filesUnder(root, wanted, name);
  }
}

async function namesIn(root: string, folder: string, suffix: string) {
  const entries = await unlessMissing(readdir(join(root, folder), { withFileTypes: true }));
  return (entries ?? [])
    .filter((entry) => entry.isDirectory() || entry.name.endsWith(suffix))
    .map((entry) => {
      const isFolder = entry.isDirectory();
      // With its slash, a folder sorts where the names in it do.
      const name = isFolder ? `${entry.name}/` : entry.name.slice(0, -suffix.length);
      return { name: `${folder}${name}`, isFolder };
    })
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}
