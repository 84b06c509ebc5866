import { defaultLadderMs } from '../../src/domain/index.js';
import { composeServices, standInUrls } from '../../src/main/compose-services.js';
import { serviceUrls } from '../../src/main/config-values.js';

/** Our adapters to every service, with a sandbox that stands in for all of them. */
export function servicesAt(
  sandboxUrl: string,
  patience: {
    readonly requestTimeoutMs: number;
    readonly ladderMs?: readonly number[] | undefined;
  },
) {
  const { requestTimeoutMs, ladderMs = defaultLadderMs } = patience;
  const urls = serviceUrls.parse(standInUrls(sandboxUrl));
  return composeServices({ urls, requestTimeoutMs, ladderMs });
}
