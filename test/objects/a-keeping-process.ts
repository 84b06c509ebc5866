import { createObjectCache } from '../../src/objects/cache.js';
import { content, hanging } from './content.js';

/** Has half an object on its way into a cache, says so and hangs. */
const [folder = '', bytesMax = '', key = '', sizeBytes = ''] = process.argv.slice(2);
const size = Number(sizeBytes);
const cache = createObjectCache({ folder, bytesMax: Number(bytesMax) });
const half = hanging(content(size).subarray(0, size / 2), () => process.send?.('hanging'));
for await (const _ of cache.keep({ key, size }, half));
