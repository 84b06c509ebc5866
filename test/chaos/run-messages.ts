import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chaosVariables } from '../support/chaos-variables.js';
import { documentOf } from './faults-document.js';
import { runTests } from './run-sweeps.js';
import type { Verdict } from './verdict.js';

interface Asked {
  readonly seed: number;
  readonly minutes: number | undefined;
  /** `operation/socket/message/fault`; every one of them when left out. */
  readonly cell: string | undefined;
}

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const folder = 'test/operations';

/** Plays every operation with a fault at each message, in its battery; gives the exit code. */
export async function sweepMessages(
  { seed, minutes, cell }: Asked,
  verdict: Verdict,
  interrupted: AbortSignal,
): Promise<number> {
  const { files, operations } = await batteries();
  const [operation = '.+', ...place] = cell?.split('/') ?? [];
  // Two files at once, so this is the least that an operation gets of the time.
  const sweepMs = Math.ceil(((minutes ?? 24 * 60) * 60_000) / operations);
  await runTests(verdict, interrupted, {
    pattern: `^the battery over ${operation} ends as it should whatever befalls a message$`,
    files,
    env: {
      [chaosVariables.seed]: `${seed}`,
      [chaosVariables.sweepMs]: `${sweepMs}`,
      ...(cell !== undefined && { [chaosVariables.cell]: place.join('/') }),
    },
  });
  if (interrupted.aborted) return 130;
  const { befallen, violations } = verdict;
  if (cell === undefined) {
    await writeFile(path('docs/faults.md'), documentOf(befallen, { seed, minutes, violations }));
  }
  const wanted = cell === undefined ? operations : 1;
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
