import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpId } from '../../src/domain/index.js';
import { paymentCallsMaxDefault } from '../../src/main/compose-worker.js';
import { pooledFetch } from '../../src/providers/pooled-fetch.js';
import {
  type Charge,
  createSandboxProvider,
  createSandboxServer,
  type FaultRule,
  readDeeds,
  readSandboxLedger,
  servicesFile,
} from '../../src/providers/sandbox/index.js';
import type { RunningWorld, WorldOptions } from './running-world.js';
import { servicesAt } from './services-at.js';

/** A provider over HTTP with a ledger of its own, and our adapter to it. */
export async function anOutside(
  options: Pick<WorldOptions, 'ladderMs' | 'requestTimeoutMs' | 'visibilityDelayMs'>,
) {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-provider-'));
  const file = join(directory, 'ledger.jsonl');
  const { visibilityDelayMs = 0 } = options;
  const looks: string[] = [];
  const server = await createSandboxServer({
    ...{ file, port: 0, host: '127.0.0.1', visibilityDelayMs },
    onLog: ({ message, method, url }) => {
      if (message === 'answered' && method === 'GET') looks.push(decodeURIComponent(String(url)));
    },
  });
  const adapter = createSandboxProvider({
    baseUrl: server.url,
    requestTimeoutMs: options.requestTimeoutMs ?? 2_000,
    visibilityDelayMs,
    fetch: pooledFetch({ connections: paymentCallsMaxDefault }),
    ...(options.ladderMs !== undefined && { ladderMs: options.ladderMs }),
  });
  return {
    url: server.url,
    adapter,
    services: servicesAt(server.url, { requestTimeoutMs: 2_000, ...options }),
    file,
    lookUps: (opId: OpId) => looks.filter((url) => url.includes(`?reference=${opId}:`)).length,
    fault: async (rule: FaultRule) => {
      const body = JSON.stringify(rule);
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${server.url}/faults`, { method: 'POST', headers, body });
      if (!answer.ok) throw new Error(await answer.text());
    },
    close: async () => {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What the provider shows of itself, and how it is bent. */
export function shownBy(
  provider: Awaited<ReturnType<typeof anOutside>>,
): Pick<RunningWorld, 'providerUrl' | 'fault' | 'heal' | 'charges' | 'effects' | 'lookUps'> {
  return {
    providerUrl: provider.url,
    fault: provider.fault,
    heal: async () => {
      await fetch(`${provider.url}/faults`, { method: 'DELETE' });
    },
    charges: async (opId = '' as OpId) => {
      const entries = await readSandboxLedger(provider.file);
      const charges = entries.flatMap((entry) => (entry.type === 'charge' ? [entry.charge] : []));
      return charges.filter((one) => one.decided === 'captured' && one.reference.startsWith(opId));
    },
    effects: async (opId) => {
      const effects = (await readSandboxLedger(provider.file)).flatMap(effectOf);
      const done = effects.filter(({ declineCode }) => declineCode === undefined);
      const deeds = await readDeeds(servicesFile(provider.file));
      const confirmed = deeds.filter(({ status }) => status === 'confirmed');
      const references = [...done, ...confirmed].map(({ reference }) => reference.split(':'));
      return references.flatMap(([of, step = '']) => (of === opId ? [step] : []));
    },
    lookUps: provider.lookUps,
  };
}

function effectOf(
  entry: Awaited<ReturnType<typeof readSandboxLedger>>[number],
): readonly Pick<Charge, 'reference' | 'declineCode'>[] {
  if (entry.type === 'charge') return [entry.charge];
  if (entry.type === 'move') return [entry.move];
  return entry.type === 'payout' ? [entry.payout] : [];
}
