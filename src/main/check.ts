import { statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createSteps, type Step } from './check-steps.js';

const lanes = 2;

const { values, positionals } = readArguments();
const root = fileURLToPath(new URL('../..', import.meta.url));
const isFile = (name: string) => statSync(name, { throwIfNoEntry: false })?.isFile() === true;
const only = positionals.filter(isFile).map((name) => relative(root, resolve(name)));
const named = [
  ...positionals.filter((name) => !isFile(name)),
  ...(only.length > 0 ? ['conventions'] : []),
];
const all = createSteps({ root, fix: values.fix, only });
const unknown = named.filter((name) => !all.some((step) => step.name === name));

if (values.help) {
  console.log(help());
} else if (unknown.length > 0) {
  console.error(`There is no step ${unknown.join(', ')}.\n\n${help()}`);
  process.exitCode = 2;
} else {
  const wanted = all.filter(({ name }) => named.length === 0 || named.includes(name));
  process.exitCode = (await check(wanted)) === 0 ? 0 : 1;
}

/** How many steps failed. */
async function check(steps: readonly Step[]): Promise<number> {
  const startedAt = performance.now();
  const queue = [...steps];
  const failed: string[] = [];

  async function lane(): Promise<void> {
    for (let step = queue.shift(); step; step = queue.shift()) {
      const began = performance.now();
      const { ok, output } = await step.run();
      if (!ok) failed.push(step.name);
      console.log(`${ok ? 'ok    ' : 'FAILED'} ${step.name.padEnd(12)} ${seconds(began)}`);
      if (!ok) console.log(`\n${output.trim()}\n`);
    }
  }

  await Promise.all(Array.from({ length: lanes }, lane));
  const names = failed.length > 0 ? `: ${failed.join(', ')}` : '';
  const passed = steps.length - failed.length;
  console.log(`${passed} passed, ${failed.length} failed${names} in ${seconds(startedAt).trim()}`);
  return failed.length;
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1).padStart(6)} s`;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        fix: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

function help(): string {
  return [
    'npm run check                 every step; exit code 1 when one fails',
    'npm run check -- STEP...      only these',
    'npm run check -- FILE...      only the conventions, on these files',
    'npm run check -- --fix        formats, instead of complaining of the format',
    '',
    'Steps:',
    ...all.map((step) => `  ${step.name.padEnd(12)} ${step.about}`),
  ].join('\n');
}
