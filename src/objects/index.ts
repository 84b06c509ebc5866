/**
 * @module objects: bytes, kept and looked at behind small ports.
 * lives here: the port of a store and its two kinds, files and S3
 * may touch: domain; files, the object store
 * never: a key that a person chose, half an object, the ledger, Temporal
 * proved in: test/objects, one conformance suite for every store
 */
import { createFileStore } from './file-store.js';
import type { ObjectStoreLocation } from './location.js';
import { createS3Store } from './s3-store.js';
import type { ObjectStore } from './store.js';

export type { Inspect } from './inspection.js';
export {
  type ByteRange,
  type ListedObject,
  ObjectMissing,
  type ObjectPage,
  type ObjectStore,
  ObjectStoreUnavailable,
  ObjectTooLarge,
  type StoredObject,
} from './store.js';

export { createUploadFiles, type Tell, type UploadFiles } from './upload-files.js';

/** The store that the configuration names. */
export function openObjectStore(location: ObjectStoreLocation): ObjectStore {
  switch (location.kind) {
    case 'file':
      return createFileStore(location.folder);
    case 's3':
      return createS3Store(location);
  }
}
