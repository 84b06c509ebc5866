import type { Database } from '../database/index.js';
import { createUploadReads } from '../ledger/index.js';
import {
  createClamd,
  createInspection,
  createThumbnailer,
  createUploadFiles,
  type ObjectStore,
} from '../objects/index.js';
import type { WorkerConfig } from './config.js';

/** What a worker makes files with. Nothing is scanned without a scanner. */
export function composeFiles(
  { scanner: address }: Pick<WorkerConfig, 'scanner'>,
  store: ObjectStore,
  database: Database,
) {
  const scanner = address && createClamd(address);
  const inspect = createInspection({ store, scanner, images: createThumbnailer() });
  return { uploads: createUploadReads(database), files: createUploadFiles(store, inspect) };
}
