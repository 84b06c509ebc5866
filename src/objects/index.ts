/**
 * @module objects: bytes, kept and looked at behind small ports.
 * lives here: the port of a store and its two kinds, files and S3
 * may touch: domain; files, the object store
 * never: a key that a person chose, half an object, the ledger, Temporal
 * proved in: test/objects, one conformance suite for every store
 */
import { createFileStore } from './file-store.js';
import type { ObjectStoreLocation } from './location.js';
import type { ObjectStore } from './store.js';

export { breakingStore } from './breaking-store.js';
export { createClamd } from './clamd.js';
export { createInspection } from './inspection.js';
export type { Scanner } from './scanner.js';
export { ObjectMissing, ObjectStoreUnavailable, ObjectTooLarge } from './store.js';
export { createThumbnailer } from './thumbnail.js';
export { createUploadFiles, type Tell, type UploadFiles } from './upload-files.js';
export type { ObjectStore };

/** The store that the configuration names. */
export async function openObjectStore(location: ObjectStoreLocation): Promise<ObjectStore> {
  switch (location.kind) {
    case 'file':
      return createFileStore(location.folder);
    case 's3': {
      // Half a second and 40 MB, for who keeps files there only.
      const { createS3Store } = await import('./s3-store.js');
      return createS3Store(location);
    }
  }
}
