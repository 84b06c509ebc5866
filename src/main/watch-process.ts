import type { Database } from '../database/index.js';
import type { Metrics } from '../telemetry/index.js';
import { repeatedly } from './repeatedly.js';

const everyMs = 5_000;

/** Measures memory and connections of this process, until the answer is called. */
export function watchProcess(database: Pick<Database, 'stats'>, metrics: Metrics): () => void {
  return repeatedly(everyMs, () => {
    const { rss, heapUsed, external } = process.memoryUsage();
    metrics.set('memory', rss, { part: 'rss' });
    metrics.set('memory', heapUsed, { part: 'heap-used' });
    metrics.set('memory', external, { part: 'external' });
    const { max, inUse, waiting } = database.stats();
    metrics.set('databaseConnections', max, { use: 'max' });
    metrics.set('databaseConnections', inUse, { use: 'in-use' });
    metrics.set('databaseConnections', waiting, { use: 'waiting' });
  });
}
