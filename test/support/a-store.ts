import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createInspection,
  createThumbnailer,
  createUploadFiles,
  type ObjectStore,
  openObjectStore,
  type UploadFiles,
} from '../../src/objects/index.js';

/** Files of a test, in a folder of its own. */
export async function aStore() {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-objects-'));
  const store = await openObjectStore({ kind: 'file', folder });
  return { store, folder, close: () => rm(folder, { recursive: true, force: true }) };
}

/** What is done with its objects; nobody scans them. */
export function filesOf(store: ObjectStore): UploadFiles {
  const images = createThumbnailer();
  return createUploadFiles(store, createInspection({ store, scanner: undefined, images }));
}
