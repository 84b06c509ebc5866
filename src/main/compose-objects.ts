import type { Database } from '../database/index.js';
import { createUploadReads } from '../ledger/index.js';
import { createUploadFiles, type Inspect, openObjectStore } from '../objects/index.js';
import type { WorkerConfig } from './config.js';

/** What a worker makes files with, and clears up after them. */
export function composeObjects(settings: Pick<WorkerConfig, 'objectStore'>, database: Database) {
  const store = openObjectStore(settings.objectStore);
  const uploads = createUploadReads(database);
  return { store, uploads, files: createUploadFiles(store, unseen) };
}

const unseen: Inspect = ({ declaredType }) =>
  Promise.resolve({ kind: 'inspected', mediaType: declaredType ?? 'application/octet-stream' });
