import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { findings, readSources, rules } from '../conventions/index.js';

/** What a step found: nothing, or text for the person who has to act on it. */
export interface StepResult {
  readonly ok: boolean;
  readonly output: string;
}

/** What of it is wanted. */
export interface Asked {
  readonly root: string;
  readonly fix: boolean;
  readonly only?: readonly string[];
}

/** One part of `npm run check`; each can be run alone. */
export interface Step {
  readonly name: string;
  readonly about: string;
  run(): Promise<StepResult>;
}

/**
 * Every step, the longest first. With `fix` the format step writes instead of complaining; with
 * `only` the conventions look at these files alone, paths from the root.
 */
export function createSteps({ root, fix, only = [] }: Asked): readonly Step[] {
  const run = (command: string, ...args: readonly string[]) => runCommand(root, command, args);
  const tool = (name: string, ...args: readonly string[]) =>
    run(join(root, 'node_modules/.bin', name), ...args);
  const code = ['src', 'test', 'bench'].filter((folder) => existsSync(join(root, folder)));

  return [
    {
      name: 'lint',
      about: 'oxlint, with types: promises left alone, any, unused names',
      // Templates are looked at as what they become.
      run: () =>
        tool(
          ...['oxlint', '--config', '.config/oxlintrc.json', '--ignore-pattern'],
          ...['src/generator/templates', ...code, '.config'],
        ),
    },
    {
      name: 'types',
      about: 'the compiler',
      run: () => tool('tsc', '--noEmit', '-p', 'tsconfig.json'),
    },
    {
      name: 'unused',
      about: 'knip: files, exports and packages that nothing uses',
      run: () => tool('knip', '--config', '.config/knip.json', '--no-progress'),
    },
    {
      name: 'generated',
      about: 'migrations make the tables that src/ledger/tables.ts declares',
      run: () => checkMigrations(root, tool),
    },
    {
      name: 'conventions',
      about: 'the rules of src/conventions',
      run: async () => checkConventions(root, only),
    },
    {
      name: 'lock',
      about: 'package-lock.json is what `npm ci` accepts; asks no registry',
      run: () =>
        run('npm', 'ci', '--dry-run', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'),
    },
    {
      name: 'format',
      about: 'biome; --fix formats',
      run: () => tool('biome', 'format', '--config-path=.config', ...(fix ? ['--write'] : []), '.'),
    },
    {
      name: 'duplicates',
      about: 'jscpd: the same 60 tokens twice',
      run: () => tool('jscpd', '--config', '.config/jscpd.json', '--fail-on-empty', ...code),
    },
  ];
}

function checkConventions(root: string, only: readonly string[]): StepResult {
  const files = readSources(root);
  const wanted = files.filter(({ path }) => only.includes(path));
  const unread = only.filter((path) => !wanted.some((file) => file.path === path));
  const lines = rules.flatMap((rule) => {
    // A rule that looks at nothing would be green for ever.
    if (!files.some((file) => rule.covers(file.path))) return [`${rule.name} covers no file`];
    if (only.length > 0 && !wanted.some((file) => rule.covers(file.path))) return [];
    return findings(rule, only.length === 0 || rule.house ? files : wanted).map(
      (finding) => `${finding.path}:${finding.line} ${finding.message} (${finding.rule})`,
    );
  });
  lines.push(...unread.map((path) => `${path} is no file that the conventions read`));
  return { ok: lines.length === 0, output: lines.join('\n') };
}

/** Lets drizzle-kit write what is missing into a copy, where nobody commits it by mistake. */
async function checkMigrations(
  root: string,
  tool: (name: string, ...args: readonly string[]) => Promise<StepResult>,
): Promise<StepResult> {
  const checked = await tool('drizzle-kit', 'check', '--config', '.config/drizzle.config.ts');
  if (!checked.ok) return checked;
  const copy = await mkdtemp(join(tmpdir(), 'holdfast-drizzle-'));
  try {
    await cp(join(root, 'drizzle'), copy, { recursive: true });
    const before = await readdir(copy);
    const [schema, out] = ['src/ledger/*tables.ts', relative(root, copy)];
    const made = await tool(
      ...['drizzle-kit', 'generate', '--dialect', 'postgresql', '--schema', schema, '--out', out],
    );
    const missing = (await readdir(copy)).filter((name) => !before.includes(name));
    if (!made.ok || missing.length === 0) return made;
    return {
      ok: false,
      output: `the tables of ${schema} have changes that no migration makes:\n${made.output}`,
    };
  } finally {
    await rm(copy, { recursive: true });
  }
}

async function runCommand(
  cwd: string,
  command: string,
  args: readonly string[],
): Promise<StepResult> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  return await new Promise((resolve) => {
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (code) =>
      resolve({ ok: code === 0, output: Buffer.concat(chunks).toString('utf8') }),
    );
  });
}
