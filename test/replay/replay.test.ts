import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { replayOptions, workflowBundle } from '../support/running-world.js';
import { branches } from './branches.js';
import { cells, fileOf, folder, nameOf, recordMissing } from './record.js';

const names = [...branches.map(({ name }) => name), ...cells.map(nameOf)];

beforeAll(async () => {
  if (process.env['RECORD_HISTORIES'] === '1') await recordMissing();
}, 600_000);

describe('recorded histories', () => {
  test('replay on the workflows of today, every one', async () => {
    expect(names.length).toBeGreaterThanOrEqual(200);
    expect(await refused(names, await replayOptions())).toEqual([]);
  }, 120_000);

  test('are there for every branch and every cell of doubt, and for nothing else', async () => {
    const found = (await readdir(folder)).sort();

    expect(found).toEqual(names.map(fileOf).sort());
  });

  test('do not replay on workflows with two steps in the other order', async () => {
    const options = await replayOptions();
    const bundle = await workflowBundle();
    const code = 'code' in bundle ? bundle.code : '';
    const [one, other] = ['reservePayment', 'settlePayment'];
    const swapped = code.replaceAll(new RegExp(`\\b(${one}|${other})\\b`, 'g'), (step) =>
      step === one ? other : one,
    );
    const settled = names.filter((name) => /^payment-(settled|transfer)$/.test(name));

    expect(swapped).not.toBe(code);
    const found = await refused(settled, { ...options, workflowBundle: { code: swapped } });
    expect(found.map(({ name }) => name)).toEqual(settled);
    expect(found.every(({ why }) => /nondeterminism/i.test(why))).toBe(true);
  });

  test('that lost a step does not replay', async () => {
    const history = await historyOf('payment-settled');
    const scheduled = history.events.find(
      ({ eventType }) => eventType === 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED',
    );
    if (scheduled?.activityTaskScheduledEventAttributes === undefined) throw new Error('no step');
    scheduled.activityTaskScheduledEventAttributes.activityType.name = 'refundPayment';

    const replay = Worker.runReplayHistory(await replayOptions(), history);

    await expect(replay).rejects.toThrow(/nondeterminism/i);
  });
});

interface Recorded {
  readonly events: {
    readonly eventType: string;
    readonly activityTaskScheduledEventAttributes?: { readonly activityType: { name: string } };
  }[];
}

async function historyOf(name: string): Promise<Recorded> {
  const file = fileOf(name);
  const bytes = await readFile(`${folder}${file}`);
  const text = file.endsWith('.gz') ? await promisify(gunzip)(bytes) : bytes;
  return JSON.parse(text.toString('utf8')) as Recorded;
}

/** Those that these workflows would not have gone through, and why. */
async function refused(
  wanted: readonly string[],
  options: Parameters<typeof Worker.runReplayHistories>[0],
): Promise<readonly { readonly name: string; readonly why: string }[]> {
  const histories = async function* () {
    for (const name of wanted) yield { workflowId: name, history: await historyOf(name) };
  };
  const found: { name: string; why: string }[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories())) {
    if (error !== undefined) found.push({ name: workflowId, why: String(error) });
  }
  return found;
}
