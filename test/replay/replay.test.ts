import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { aRunningWorld, replayOptions } from '../support/running-world.js';
import { type Branch, branches } from './branches.js';

// With RECORD_HISTORIES=1 every branch without a history is walked on real servers and its history
// written here. Those that are there stay: what ran before must replay.
const folder = fileURLToPath(new URL('./histories/', import.meta.url));
const fileOf = ({ name }: Branch) => `${folder}${name}.json`;

beforeAll(async () => {
  if (process.env['RECORD_HISTORIES'] === '1') await record();
}, 600_000);

describe('a recorded history', () => {
  test.each(branches.map((branch) => [branch.name, branch] as const))(
    'of %s replays on the workflows of today',
    async (_, branch) => {
      const history: unknown = JSON.parse(await readFile(fileOf(branch), 'utf8'));

      const replay = Worker.runReplayHistory(await replayOptions(), history);

      await expect(replay).resolves.toBeUndefined();
    },
  );

  test('is there for every branch, and for nothing else', async () => {
    const names = (await readdir(folder)).sort();

    expect(names).toEqual(branches.map(({ name }) => `${name}.json`).sort());
  });

  test('that lost a step does not replay', async () => {
    const [settled] = branches;
    if (settled === undefined) throw new Error('there is a first branch');
    const history = JSON.parse(await readFile(fileOf(settled), 'utf8'));
    const marker = history.events.findIndex(
      (event: { eventType: string }) => event.eventType === 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED',
    );
    history.events[marker].activityTaskScheduledEventAttributes.activityType.name = 'refundPayment';

    const replay = Worker.runReplayHistory(await replayOptions(), history);

    await expect(replay).rejects.toThrow(/nondeterminism/i);
  });
});

async function record(): Promise<void> {
  await mkdir(folder, { recursive: true });
  const world = await aRunningWorld({ requestTimeoutMs: 500, ladderMs: [50, 50, 50] });
  await world.work();
  try {
    const known = await readdir(folder);
    for (const branch of branches.filter(({ name }) => !known.includes(`${name}.json`))) {
      const opId = await branch.walk(world);
      const history = await world.temporal.workflow.getHandle(opId).fetchHistory();
      await writeFile(fileOf(branch), nobodys(JSON.parse(historyToJSON(history))));
    }
  } finally {
    await world.close();
  }
}

/** Who recorded it, and from which folder, is nobody's business. */
function nobodys(history: unknown): string {
  const ours: Readonly<Record<string, string>> = { identity: 'recorder', stackTrace: '' };
  const text = JSON.stringify(history, (key, value: unknown) => ours[key] ?? value, 1);
  return `${text}\n`;
}
