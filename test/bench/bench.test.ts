import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { type Figure, misses } from '../../bench/figures.js';

test('ends with one JSON document, and with 1 only when a figure misses its target', async () => {
  const { code, stdout } = await aBench('payment', '--json', '--slices', '1', '--count', '5');

  const { machine, figures } = JSON.parse(stdout) as { machine: object; figures: Figure[] };
  expect(machine).toMatchObject({ node: process.version, cores: expect.any(Number) });
  const targets = Object.fromEntries(
    figures.map(({ name, atLeast, atMost }) => [name, atLeast ?? atMost]),
  );
  expect(targets).toEqual({
    'payment-to-empty': 0.45,
    'payment-to-naive': 1.2,
    'latency-to-naive': 0.6,
    'latency-to-empty': undefined,
    'payments-per-second': undefined,
    'latency-p50-ms': undefined,
    'latency-p99-ms': undefined,
    'sql-round-trips': 2,
    'history-events': 14,
    'rss-growth-mb': undefined,
  });
  for (const { value } of figures) expect(value).toEqual(expect.any(Number));
  // These two do not depend on the machine.
  const fixed = figures.filter(({ name }) => /^(sql-round-trips|history-events)$/.test(name));
  expect(fixed.filter(misses)).toEqual([]);
  expect(code).toBe(figures.some(misses) ? 1 : 0);
}, 240_000);

test('charges nobody twice where a service without keys does, or forgets', async () => {
  const { code, stdout, stderr } = await aBench('headline', '--json', '--count', '40');

  expect(code, stderr).toBe(0);
  const { figures } = JSON.parse(stdout) as { figures: Figure[] };
  const values = Object.fromEntries(figures.map(({ name, value }) => [name, value]));
  expect(values).toMatchObject({ 'headline-success': 100, 'headline-charged-twice': 0 });
  expect(values['headline-by-hand-naive']).toBeGreaterThan(0);
}, 240_000);

test('names the benchmarks there are when asked for another', async () => {
  const { code, stderr } = await aBench('nothing-like-it');

  expect(code).toBe(2);
  expect(stderr).toMatch(/no benchmark nothing-like-it[^]*payment/);
}, 60_000);

async function aBench(...args: readonly string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bench/index.ts', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { stdout, stderr, code };
}
