import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { downloadExecutable, TEMPORAL_DOWNLOADS } from './download.js';
import type { Download } from './download.js';
import { exists, madeOnce } from './made-once.js';
import type { OnProgress } from './made-once.js';

export interface ExecutableOptions {
  /** An executable that the user names; nothing else is looked at then. */
  readonly executable?: string | undefined;
  /** Where downloads and builds are kept. */
  readonly cacheDir: string;
  readonly onProgress: OnProgress;
  /** The download service; only tests name another. */
  readonly downloadUrl?: string | undefined;
}

export interface Recipe extends Pick<Download, 'artifact' | 'version'> {
  /** The variable with which a user names an executable, for messages. */
  readonly variable: string;
  /** Looks for one that is installed on the machine. */
  readonly installed?: () => Promise<string | undefined>;
  /** Makes one out of what package registries have. */
  readonly build: (temporary: string, options: ExecutableOptions) => Promise<void>;
}

/** The checked-in files that pin what is built. The same place from `src` and from `dist`. */
export const TOOLCHAIN_DIR = fileURLToPath(
  new URL('../../src/servers/toolchain/', import.meta.url),
);

/** Looks at the named one, the installed one and the cache, then downloads, then builds. */
export async function findExecutable(recipe: Recipe, options: ExecutableOptions): Promise<string> {
  if (options.executable !== undefined) {
    await mustBeExecutable(options.executable, recipe.variable);
    return options.executable;
  }
  const installed = await recipe.installed?.();
  if (installed !== undefined) return installed;
  const { artifact, version } = recipe;
  const name = `${artifact}-${version}-${process.platform}-${process.arch}`;
  const path = join(options.cacheDir, name);
  if (await exists(path)) return path;
  return madeOnce(
    path,
    (temporary) => downloadOrBuild(recipe, temporary, options),
    options.onProgress,
  );
}

async function downloadOrBuild(
  recipe: Recipe,
  temporary: string,
  options: ExecutableOptions,
): Promise<void> {
  const { artifact, version } = recipe;
  options.onProgress(`Downloading ${artifact} ${version} (once) ...`);
  const downloadUrl = options.downloadUrl ?? TEMPORAL_DOWNLOADS;
  try {
    await downloadExecutable({ artifact, version, into: temporary, downloadUrl });
  } catch {
    // Not a fault: many networks reach package registries only, and the build needs no more.
    options.onProgress(`${artifact} cannot be downloaded here; making it from packages instead.`);
    await recipe.build(temporary, options);
  }
}

async function mustBeExecutable(path: string, variable: string): Promise<void> {
  try {
    await access(path, constants.X_OK);
  } catch (error) {
    throw new Error(`${variable} names ${path}, which is not an executable file.`, {
      cause: error,
    });
  }
}
