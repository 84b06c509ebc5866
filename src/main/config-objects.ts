import type { variables } from './config-object-variables.js';
import type { Reader } from './config-reader.js';

type Read = Reader<typeof variables>;

/** What a gateway needs to give files out. */
export function downloads(read: Read) {
  return {
    linkSecrets: read.optional('DOWNLOAD_LINK_SECRET') ?? [],
    cacheFolder: read.value('DOWNLOAD_CACHE_DIR'),
    cacheBytesMax: read.value('DOWNLOAD_CACHE_BYTES'),
  };
}
