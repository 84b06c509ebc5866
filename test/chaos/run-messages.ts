import { appendFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chaosVariables } from '../support/chaos-variables.js';
import { type Befallen, violationsOf } from './cells.js';
import { documentOf } from './faults-document.js';
import { runTests } from './run-sweeps.js';
import type { Verdict } from './verdict.js';

interface Asked {
  readonly seed: number;
  /** How many follow each other, from that one on. */
  readonly seeds: number;
  readonly minutes: number | undefined;
  /** Goes on with what the last sweep wrote down of these seeds. */
  readonly resume: boolean;
  /** `operation/socket/message/fault`; every one of them when left out. */
  readonly cell: string | undefined;
}

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const folder = 'test/operations';
const journal = path('.holdfast/faults.jsonl');

/** Plays every operation with a fault at each message, in its battery; gives the exit code. */
export async function sweepMessages(
  { cell, ...asked }: Asked,
  verdict: Verdict,
  interrupted: AbortSignal,
): Promise<number> {
  const { files, operations } = await batteries();
  if (cell !== undefined) {
    const [operation = '.+', ...place] = cell.split('/');
    const env = variables(asked.seed, asked.minutes, operations);
    await runTests(verdict, interrupted, {
      ...{ pattern: battery(operation), files },
      env: { ...env, [chaosVariables.cell]: place.join('/') },
    });
    return codeOf(verdict, interrupted, 1);
  }
  const { seed, seeds, minutes } = asked;
  const before = await written(asked);
  verdict.onBefallen = (befallen) => appendFileSync(journal, `${JSON.stringify(befallen)}\n`);
  for (const own of Array.from({ length: seeds }, (_, index) => seed + index)) {
    const done = before.filter((one) => one.seed === own).map(({ operation }) => operation);
    if (done.length === operations || interrupted.aborted) continue;
    const env = variables(own, minutes, operations * seeds);
    await runTests(verdict, interrupted, { pattern: battery('.+', done), files, env });
  }
  const befallen = [...before, ...verdict.befallen];
  const violations = [...before.flatMap(violationsOf), ...verdict.violations];
  await writeFile(path('docs/faults.md'), documentOf(befallen, { ...asked, violations }));
  return codeOf(verdict, interrupted, operations * seeds - before.length);
}

/** Two files are run at once, so each operation gets its part of the time at least. */
function variables(seed: number, minutes = 24 * 60, parts: number): Record<string, string> {
  return {
    [chaosVariables.seed]: `${seed}`,
    [chaosVariables.sweepMs]: `${Math.ceil((minutes * 60_000) / parts)}`,
  };
}

function battery(operation: string, done: readonly string[] = []): string {
  const others = done.length === 0 ? '' : `(?!(?:${done.join('|')}) ends as)`;
  return `^the battery over ${others}${operation} ends as it should whatever befalls a message$`;
}

/** What was played of these seeds already, when a sweep goes on; else its journal begins anew. */
async function written({ seed, seeds, resume }: Omit<Asked, 'cell'>): Promise<Befallen[]> {
  await mkdir(path('.holdfast'), { recursive: true });
  if (!resume) await writeFile(journal, '');
  const text = await readFile(journal, 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines
    .map((line) => JSON.parse(line) as Befallen)
    .filter((one) => one.seed >= seed && one.seed < seed + seeds);
}

function codeOf({ befallen, violations }: Verdict, interrupted: AbortSignal, wanted: number) {
  if (interrupted.aborted) return 130;
  return befallen.length >= wanted && violations.length === 0 ? 0 : 1;
}

async function batteries() {
  const names = (await readdir(path(folder))).filter((name) => name.endsWith('.test.ts'));
  const texts = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(path(`${folder}/${name}`), 'utf8');
      return { file: `${folder}/${name}`, count: text.match(/^conforms\(/gm)?.length ?? 0 };
    }),
  );
  const conforming = texts.filter(({ count }) => count > 0);
  return {
    files: conforming.map(({ file }) => file),
    operations: conforming.reduce((sum, { count }) => sum + count, 0),
  };
}
