import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type NemesisName, nemeses, nemesisNames } from './nemeses.js';
import { soak } from './soak.js';
import { soakDocument } from './soak-document.js';
import { reportOf, type SoakReport } from './soak-report.js';
import type { Verdict } from './verdict.js';

interface Asked {
  readonly seed: number;
  readonly minutes: number;
  readonly everySeconds: number;
  readonly perSecond: number;
  /** All that are not for minutes when there are none. */
  readonly only: readonly NemesisName[];
}

const file = fileURLToPath(new URL('../../docs/soak.md', import.meta.url));

/** Soaks, writes docs/soak.md, and gives the exit code and what was found. */
export async function runSoak(
  asked: Asked,
  verdict: Verdict,
  interrupted: AbortSignal,
  onProgress: (line: string) => void,
): Promise<{ readonly code: number; readonly soak: SoakReport }> {
  const { seed, minutes, only, everySeconds, perSecond } = asked;
  const names = only.length > 0 ? only : nemesisNames.filter((name) => !nemeses[name].isAlone);
  const soaked = await soak({
    ...{ seed, names, perSecond, interrupted, onProgress },
    forMs: minutes * 60_000,
    everyMs: everySeconds * 1_000,
    onViolation: (what) => verdict.violated(`${what}\nThe same again: ${againOf(asked)}`),
  });
  const report = reportOf(soaked);
  verdict.operations += soaked.booked.length;
  for (const { name, rounds } of report.faults) {
    verdict.faults.push({ name, rounds, operations: 0 });
  }
  const isWhole = !interrupted.aborted;
  const { violations } = verdict;
  const run = { isWhole, violations, again: againOf(asked) };
  await writeFile(file, soakDocument(report, run));
  const code = violations.length > 0 ? 1 : isWhole ? 0 : 130;
  return { code, soak: report };
}

function againOf({ seed, minutes, only, everySeconds, perSecond }: Asked): string {
  const named = only.map((name) => `--only ${name}`);
  const pace = [`--every ${everySeconds}`, `--rate ${perSecond}`];
  return ['npm run chaos --', `--minutes ${minutes}`, `--seed ${seed}`, ...pace, ...named].join(
    ' ',
  );
}
