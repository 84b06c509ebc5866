import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { testConfig } from '../../src/main/config.js';
import { findTestServer, readTemporalConfig, startTemporal } from '../../src/servers/index.js';
import { type SharedPostgres, startSharedPostgres } from './shared-postgres.js';

/** The servers that all test files share. */
export interface SharedServers {
  readonly postgres: SharedPostgres;
  readonly temporal: { readonly address: string; readonly namespace: string };
  /** The time-skipping test server, to be started by who needs one. */
  readonly testServerPath: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    servers: SharedServers;
  }
}

const config = testConfig();
const onProgress = (line: string) => void process.stderr.write(`${line}\n`);
const kept = { cacheDir: config.cacheDir, onProgress };
const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

// What was started, to be stopped in the opposite order. Should we die, the servers end themselves.
const stops: (() => Promise<void>)[] = [];

/** Starts what the tests share, all at once. */
export async function setup(project: TestProject): Promise<void> {
  const servers = [startDatabase(), startWorkflows(), findTimeSkipping()] as const;
  const failed = (await Promise.allSettled(servers)).filter((each) => each.status === 'rejected');
  if (failed.length > 0) {
    await teardown();
    throw new Error(failed.map(({ reason }) => String(reason)).join('\n'));
  }
  const [postgres, temporal, testServerPath] = await Promise.all(servers);
  project.provide('servers', { postgres, temporal, testServerPath });
}

export async function teardown(): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop();
}

async function startDatabase(): Promise<SharedPostgres> {
  const { postgres, stop } = await startSharedPostgres(config, onProgress);
  stops.push(stop);
  return postgres;
}

async function startWorkflows(): Promise<SharedServers['temporal']> {
  const server = await startTemporal({
    ...kept,
    executable: config.temporalCli,
    config: await readTemporalConfig(path('temporal-dev.yaml')),
    port: 0,
    headless: true,
  });
  stops.push(server.stop);
  return { address: server.address, namespace: server.namespace };
}

function findTimeSkipping(): Promise<string> {
  return findTestServer({ ...kept, executable: config.temporalTestServer });
}
