import { fileURLToPath } from 'node:url';
import { createVitest } from 'vitest/node';
import { chaosVariables } from '../support/chaos-variables.js';
import { type SweepName, sweeps } from './sweeps.js';
import type { Verdict } from './verdict.js';

interface Asked {
  readonly names: readonly SweepName[];
  readonly seed: number;
  readonly minutes: number | undefined;
  /** How many rounds of each; as many as they have when left out. */
  readonly count: number | undefined;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs passes until the time is up or something is violated; gives the exit code. */
export async function runSweeps(
  { names, seed, minutes, count }: Asked,
  verdict: Verdict,
  interrupted: AbortSignal,
  onProgress: (line: string) => void,
): Promise<number> {
  const leftMs = counting(minutes);
  for (let pass = 0; pass === 0 || (minutes !== undefined && leftMs() > 0); pass += 1) {
    onProgress(`Pass ${pass + 1}, seed ${seed + pass}:`);
    // Two files at once, so this is the least that a sweep gets of the time.
    const sweepMs = Math.ceil(leftMs() / names.length);
    const ended = await runPass(names, { seed: seed + pass, sweepMs, count }, verdict, interrupted);
    if (interrupted.aborted) return 130;
    if (!ended || verdict.violations.length > 0) return 1;
  }
  return 0;
}

function counting(minutes = Number.POSITIVE_INFINITY): () => number {
  const untilMs = performance.now() + minutes * 60_000;
  return () => untilMs - performance.now();
}

/** One pass over the named sweeps, as tests of their own; true when each of them was run. */
async function runPass(
  names: readonly SweepName[],
  { seed, sweepMs, count }: Pick<Asked, 'seed' | 'count'> & { readonly sweepMs: number },
  verdict: Verdict,
  interrupted: AbortSignal,
): Promise<boolean> {
  const before = verdict.faults.length;
  await runTests(verdict, interrupted, {
    pattern: `^(${names.join('|')}): `,
    files: [...new Set(names.map((name) => sweeps[name].file))],
    env: {
      ...{ [chaosVariables.seed]: `${seed}`, [chaosVariables.sweepMs]: `${sweepMs}` },
      ...(count !== undefined && { [chaosVariables.rounds]: `${count}` }),
    },
  });
  return verdict.faults.length - before === names.length;
}

interface Tests {
  readonly pattern: string;
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Runs some of all the tests, for as long as they take. */
export async function runTests(
  verdict: Verdict,
  interrupted: AbortSignal,
  { pattern, files, env }: Tests,
): Promise<void> {
  const vitest = await createVitest('test', {
    ...{ root, watch: false, config: '.config/vitest.config.ts', reporters: [verdict] },
    testNamePattern: pattern,
    // A full sweep takes as long as it takes.
    testTimeout: 24 * 3_600_000,
    env: { ...env },
  });
  const cancel = () => void vitest.cancelCurrentRun('keyboard-input');
  interrupted.addEventListener('abort', cancel);
  try {
    await vitest.start([...files]);
  } finally {
    interrupted.removeEventListener('abort', cancel);
    await vitest.close();
  }
}
