import { openObjectStore } from '../../src/objects/index.js';
import type { ObjectStoreLocation } from '../../src/objects/location.js';
import { content, hanging } from './content.js';

/** Puts so many bytes and is never done with it; says when they are on their way. */
const [given = '', key = '', sizeBytes = ''] = process.argv.slice(2);
const store = await openObjectStore(JSON.parse(given) as ObjectStoreLocation);
const size = Number(sizeBytes);
await store.put(
  key,
  hanging(content(size), () => process.send?.('hanging')),
  2 * size,
);
