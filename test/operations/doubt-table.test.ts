import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultNames } from '../../src/providers/sandbox/index.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import { documentOf } from './doubt-document.js';
import { cellsOf, scenarios, steps } from './doubt-scenarios.js';
import { clearTable, layTable, playAll, type Row, type Table } from './doubt-table.js';

// With WRITE_DOUBT=1, which `npm run doubt` sets, docs/doubt.md is written anew.
const file = fileURLToPath(new URL('../../docs/doubt.md', import.meta.url));

let table: Table;
let world: RunningWorld;
const rows: Row[] = [];
beforeAll(async () => {
  world = await aRunningWorld({ requestTimeoutMs: 300, ladderMs: [50, 100, 200, 400, 800] });
  table = await layTable(world);
  rows.push(...(await playAll(table, steps.flatMap(cellsOf))));
  if (process.env['WRITE_DOUBT'] === '1') await writeFile(file, documentOf(rows));
}, 120_000);
afterAll(async () => {
  await clearTable(table);
  await world.close();
});

describe.each(steps)('a %s under every fault', (step) => {
  const own = () => rows.filter((row) => row.step === step);

  test('is done at most once at the provider, or parked', () => {
    const twice = own().filter(({ effects, state }) => effects > 1 && state !== 'PARKED');

    expect(twice).toEqual([]);
  });

  test('has moved our money exactly where the provider moved it', () => {
    const done = { charge: 'moved', capture: 'moved', refund: 'moved', payout: 'moved' } as const;
    const after = { ...done, authorize: 'held', void: 'given back' }[step];
    const before = step === 'capture' || step === 'void' ? 'held' : 'given back';
    const certain = own().filter(({ state }) => state !== 'PARKED');

    const wrong = certain.filter(({ effects, entries }) => entries !== [before, after][effects]);

    expect(certain.length).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  });

  test('keeps the money held while a person is asked, and shows the case', () => {
    const parked = own().filter(({ state }) => state === 'PARKED');
    const unclear = parked.filter(({ entries, code }) => entries !== 'held' || !code.trim());

    expect(parked.length).toBeGreaterThan(0);
    expect(unclear).toEqual([]);
    expect(own().filter(({ code }) => /unknown/i.test(code))).toEqual([]);
  });

  test('ends in one of the four ways, and the books agree', () => {
    const asHeld = step === 'authorize' ? own() : own().filter(({ code }) => refused.test(code));
    const held = own().filter(({ state }) => state === 'HELD');

    expect(held.filter((row) => !asHeld.includes(row))).toEqual([]);
    expect(own().filter(({ agrees }) => !agrees)).toEqual([]);
  });
});

const refused = /^a capture was refused: \w+$/;

describe('a provider without idempotency keys', () => {
  const twice = () => rows.filter(({ effects }) => effects > 1);

  test.each(['charge', 'authorize', 'refund', 'payout'] as const)(
    'is found out when it does a %s a second time',
    (step) => {
      const collection = step === 'authorize' ? 'charges' : `${step}s`;
      const found = twice().filter((row) => row.step === step);

      expect(found).toMatchObject([
        { state: 'PARKED', effects: 2, code: `2 ${collection} under one reference` },
      ]);
    },
  );

  test('cannot end the same hold a second time', () => {
    const ended = twice().filter(({ step }) => step === 'capture' || step === 'void');

    expect(ended).toEqual([]);
  });
});

test('every fault of the sandbox that strikes a call is in the table', () => {
  const struck = scenarios.flatMap(({ strikes }) => strikes.map(({ fault }) => fault));
  const ofCalls = faultNames.filter((name) => !name.startsWith('webhook-'));

  expect(ofCalls.filter((name) => !struck.includes(name))).toEqual([]);
});

test('docs/doubt.md is what the steps did; `npm run doubt` makes it anew', async () => {
  expect(documentOf(rows), 'run `npm run doubt` and look at what changed').toBe(
    await readFile(file, 'utf8'),
  );
});
