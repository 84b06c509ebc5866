import type { Database } from '../database/index.js';
import { breakerProfiles } from '../domain/index.js';
import { breakingStore, type ObjectStore, openObjectStore } from '../objects/index.js';
import type { Log, Metrics } from '../telemetry/index.js';
import type { WorkerConfig } from './config.js';
import { composeBreaker } from './compose-breaker.js';

interface ObjectsDeps {
  readonly database: Database;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The store that was configured, behind the breaker that all gateways and workers share. */
export async function composeObjects(
  { objectStore }: Pick<WorkerConfig, 'objectStore'>,
  deps: ObjectsDeps,
): Promise<ObjectStore> {
  const store = await openObjectStore(objectStore);
  return breakingStore(store, composeBreaker('objects', breakerProfiles.objects, deps));
}
