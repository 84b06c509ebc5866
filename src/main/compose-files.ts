import type { Database } from '../database/index.js';
import { createUploadReads } from '../ledger/index.js';
import {
  createInspection,
  createThumbnailer,
  createUploadFiles,
  type ObjectStore,
  type Scanner,
} from '../objects/index.js';

/** What a worker makes files with. Nothing is scanned without a scanner. */
export function composeFiles(store: ObjectStore, database: Database, scanner?: Scanner) {
  const inspect = createInspection({ store, scanner, images: createThumbnailer() });
  return { uploads: createUploadReads(database), files: createUploadFiles(store, inspect) };
}
