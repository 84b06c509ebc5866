import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { OpId } from '../../src/domain/index.js';
import { type Cell, cellsOf, steps } from '../operations/doubt-scenarios.js';
import { clearTable, layTable, playAll } from '../operations/doubt-table.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import { branches } from './branches.js';

export const folder = fileURLToPath(new URL('./histories/', import.meta.url));

/** Every step of the doubt table under every fault. */
export const cells: readonly Cell[] = steps.flatMap(cellsOf);

const prefix = 'doubt-';

export function nameOf({ step, scenario }: Cell): string {
  return `${prefix}${step}-${scenario.name.replaceAll(/[^a-z]+/g, '-')}`;
}

/** The many of the doubt table are packed; those of the branches can be read. */
export function fileOf(name: string): string {
  return name.startsWith(prefix) ? `${name}.json.gz` : `${name}.json`;
}

/**
 * With RECORD_HISTORIES=1 every branch and cell without a history is walked on real servers and its
 * history written. Those that are there stay: what ran before must replay.
 */
export async function recordMissing(): Promise<void> {
  await mkdir(folder, { recursive: true });
  const known = await readdir(folder);
  const isMissing = (name: string) => !known.includes(fileOf(name));
  const world = await aRunningWorld({ requestTimeoutMs: 500, ladderMs: [50, 50, 50] });
  await world.work();
  try {
    for (const { name, walk } of branches.filter((branch) => isMissing(branch.name))) {
      await record(world, name, await walk(world));
    }
  } finally {
    await world.close();
  }
  await recordCells(cells.filter((cell) => isMissing(nameOf(cell))));
}

async function recordCells(missing: readonly Cell[]): Promise<void> {
  if (missing.length === 0) return;
  const world = await aRunningWorld({
    requestTimeoutMs: 300,
    ladderMs: [50, 100, 200, 400, 800],
  });
  const table = await layTable(world);
  try {
    const rows = await playAll(table, missing);
    for (const [at, cell] of missing.entries()) {
      const opId = rows[at]?.opId;
      if (opId !== undefined) await record(world, nameOf(cell), opId);
    }
  } finally {
    await clearTable(table);
    await world.close();
  }
}

async function record({ temporal }: RunningWorld, name: string, opId: OpId): Promise<void> {
  const history = await temporal.workflow.getHandle(opId).fetchHistory();
  const text = nobodys(JSON.parse(historyToJSON(history)));
  const file = fileOf(name);
  await writeFile(`${folder}${file}`, file.endsWith('.gz') ? gzipSync(text, { level: 9 }) : text);
}

/** Who recorded it, and from which folder, is nobody's business. */
function nobodys(history: unknown): string {
  const ours: Readonly<Record<string, string>> = { identity: 'recorder', stackTrace: '' };
  const text = JSON.stringify(history, (key, value: unknown) => ours[key] ?? value, 1);
  return `${text}\n`;
}
