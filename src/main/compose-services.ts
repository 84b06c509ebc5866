import { type ServiceName, serviceSteps } from '../domain/index.js';
import { createCarrier } from '../providers/carrier.js';
import type { ServiceSettings } from '../providers/keyed-service.js';
import { pooledFetch } from '../providers/pooled-fetch.js';
import type { Service, Services } from '../providers/service.js';
import { createWarehouse } from '../providers/warehouse.js';
import { serviceCallsMax } from './compose-worker.js';
// new operations go above this line

const adapters = {
  carrier: createCarrier,
  warehouse: createWarehouse,
  // new operations go above this line
} satisfies Record<ServiceName, (settings: ServiceSettings) => Service>;

/** `SERVICE_URLS` with a sandbox standing in for every service. */
export function standInUrls(sandboxUrl: string): string {
  const at = (name: string) => new URL(`/services/${name}`, sandboxUrl).href;
  return Object.keys(adapters)
    .map((name) => `${name}=${at(name)}`)
    .join();
}

/** The services of all operations; one that has no URL certainly does nothing. */
export function composeServices({
  urls,
  ...patience
}: Pick<ServiceSettings, 'requestTimeoutMs' | 'ladderMs'> & {
  readonly urls: Readonly<Record<string, string>>;
}): Services {
  const pooled = pooledFetch({ connections: serviceCallsMax });
  const services = Object.values(serviceSteps).map((name) => {
    const settings = { ...patience, baseUrl: urls[name], fetch: pooled };
    return [name, adapters[name](settings)] as const;
  });
  return Object.fromEntries(services) as Services;
}
