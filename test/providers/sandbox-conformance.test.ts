import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createSandboxProvider,
  createSandboxServer,
  readSandboxLedger,
} from '../../src/providers/sandbox/index.js';
import { conformance } from './conformance.js';
import type { ConformanceWorld } from './conformance-world.js';

conformance('the sandbox provider', aSandboxWorld);

const faultOf = { 'answer-lost': 'reset-after', 'request-lost': 'reset-before' } as const;

async function aSandboxWorld(): Promise<ConformanceWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-conformance-'));
  const file = join(folder, 'ledger.jsonl');
  const server = await createSandboxServer({ file, port: 0 });
  let stopped: Promise<unknown> | undefined;
  return {
    provider: createSandboxProvider({ baseUrl: server.url, requestTimeoutMs: 10_000 }),

    async fault(fault) {
      const rule = { fault: faultOf[fault], match: { method: 'POST' }, times: 1 };
      await fetch(`${server.url}/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(rule),
      });
    },

    async effects() {
      const counts: Record<string, number> = {};
      for (const entry of await readSandboxLedger(file)) {
        if (entry.type === 'clock' || entry.type === 'fence') continue;
        const { reference } =
          entry.type === 'charge'
            ? entry.charge
            : entry.type === 'move'
              ? entry.move
              : entry.payout;
        counts[reference] = (counts[reference] ?? 0) + 1;
      }
      return counts;
    },

    async stop() {
      stopped ??= server.close().then(() => rm(folder, { recursive: true, force: true }));
      await stopped;
    },
  };
}
