import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceFile } from './rule.js';

// Templates are looked at as what they become: a test makes operations of them, and checks those.
const skippedFolders = new Set(['.git', 'node_modules', 'dist', '.holdfast', 'meta', 'templates']);
const skippedFiles = new Set(['package-lock.json', 'go.sum', '.env']);
const text = /\.(ts|mjs|sql|json|ya?ml|md|xml|mod|sh|example)$|^[^.]+$/;

/** The text files under a folder, sorted by path; not what tools write or what git ignores. */
export function readSources(root: string): readonly SourceFile[] {
  return pathsIn(root, '')
    .toSorted()
    .map((path) => sourceAt(root, path));
}

/** Read when it is looked at: most rules ask for few. */
function sourceAt(root: string, path: string): SourceFile {
  let read: string | undefined;
  return {
    path,
    get text() {
      read ??= readFileSync(join(root, path), 'utf8');
      return read;
    },
  };
}

function pathsIn(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return skippedFolders.has(entry.name) ? [] : pathsIn(root, path);
    const isText = entry.isFile() && text.test(entry.name) && !skippedFiles.has(entry.name);
    return isText ? [path] : [];
  });
}
