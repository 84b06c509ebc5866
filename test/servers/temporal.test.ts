import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultCacheDir } from '../../src/servers/made-once.js';
import { startTemporal } from '../../src/servers/temporal.js';
import { readTemporalConfig } from '../../src/servers/temporal-config.js';

const MINUTES_MS = 60_000;
// The first start on a machine may build the server: a person wants to know what takes so long.
const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-temporal-test-'));
});

afterAll(() => rm(folder, { recursive: true }));

test(
  'a killed server goes on with its file, its port and what the configuration says by then',
  async () => {
    const config = await readTemporalConfig('temporal-dev.yaml');
    const shared = {
      cacheDir: defaultCacheDir(homedir()),
      onProgress,
      databaseFile: join(folder, 'temporal.db'),
      headless: true,
    };
    const before = { ...config, searchAttributes: {}, retentionHours: 24 };
    const first = await startTemporal({ ...shared, config: before, port: 0 });
    await withClient(first.address, (client) =>
      client.workflow.start('nobody', { taskQueue: 'nobody', workflowId: 'kept' }),
    );
    await first.kill();

    const second = await startTemporal({ ...shared, config, port: first.port });

    expect(second.address).toBe(first.address);
    await withClient(second.address, async (client) => {
      const { namespace } = config;
      const described = await client.workflow.getHandle('kept').describe();
      expect(described.status.name).toBe('RUNNING');
      const found = await client.connection.workflowService.describeNamespace({ namespace });
      expect(found.config?.workflowExecutionRetentionTtl?.seconds?.toNumber()).toBe(72 * 3600);
      const { operatorService } = client.connection as Connection;
      const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
      expect(Object.keys(customAttributes ?? {}).sort()).toEqual(
        Object.keys(config.searchAttributes).sort(),
      );
    });
    await second.stop();
    expect(() => process.kill(second.pid, 0)).toThrow('ESRCH');
  },
  10 * MINUTES_MS, // The first start on a machine may build the server.
);

test('the words of a server that cannot start are passed on', async () => {
  const config = await readTemporalConfig('temporal-dev.yaml');
  const start = startTemporal({
    config: { ...config, sqlitePragmas: { journal_mode: 'WAL' } },
    cacheDir: defaultCacheDir(homedir()),
    onProgress,
    databaseFile: join(folder, 'no', 'such', 'folder.db'),
    headless: true,
    port: 0,
  });

  await expect(start).rejects.toThrow(/^Temporal did not start:\n[^]*failed checking dir/);
});

async function withClient<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}
