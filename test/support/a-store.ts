import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createUploadFiles,
  type ObjectStore,
  openObjectStore,
  type UploadFiles,
} from '../../src/objects/index.js';

/** Files of a test, in a folder of its own. */
export async function aStore() {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-objects-'));
  const store = openObjectStore({ kind: 'file', folder });
  return { store, folder, close: () => rm(folder, { recursive: true, force: true }) };
}

/** What is done with its objects; nothing in it is found harmful. */
export function filesOf(store: ObjectStore): UploadFiles {
  return createUploadFiles(store, async ({ declaredType }) => ({
    ...{ kind: 'inspected', mediaType: declaredType ?? 'application/octet-stream' },
  }));
}
