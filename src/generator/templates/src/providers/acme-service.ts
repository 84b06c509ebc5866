import { type ServiceSettings, keyedService } from './keyed-service.js';
import type { Service } from './service.js';

const dayMs = 24 * 3_600_000;

/** The acme service, over HTTP. Its profile is what its documentation promises. */
export function createAcmeService(settings: ServiceSettings): Service {
  const { requestTimeoutMs, ladderMs } = settings;
  return keyedService(
    {
      ...{ name: 'acmeService', requestTimeoutMs, ladderMs },
      // For this long the same key is the same call; then we only look.
      keyLifetimeMs: dayMs,
      // How far its look-ups lag behind its calls.
      visibilityDelayMs: 0,
      // Whether it refuses what comes late under a closed reference.
      fences: true,
    },
    settings,
  );
}
