import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createBreakerDesk } from '../../src/ledger/index.js';
import { composeObjects } from '../../src/main/compose-objects.js';
import { ObjectStoreUnavailable } from '../../src/objects/index.js';
import { createLog, createMetrics } from '../../src/telemetry/index.js';
import { content, gathered, inPieces } from '../objects/content.js';
import { aDatabase } from '../support/database.js';

test('keeps objects where the configuration says, until a person stops it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-composed-'));
  const { database, drop } = await aDatabase();
  onTestFinished(async () => {
    await drop();
    await rm(folder, { recursive: true, force: true });
  });
  const deps = {
    database,
    log: createLog({ service: 'test', level: 'silent' }),
    metrics: createMetrics({ service: 'test' }),
  };
  const store = await composeObjects({ objectStore: { kind: 'file', folder } }, deps);
  await store.put('one', inPieces(content(10)), 10);
  expect(await gathered(await store.read('one'))).toEqual(content(10));

  await createBreakerDesk(database).operate('objects', 'isolate', 'demo/op', 'moving house');
  const other = await composeObjects({ objectStore: { kind: 'file', folder } }, deps);

  await expect(other.read('one')).rejects.toThrow(ObjectStoreUnavailable);
});
