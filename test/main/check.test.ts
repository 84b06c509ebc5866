import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSteps } from '../../src/main/check-steps.js';

const execute = promisify(execFile);
const kept = ['src', '.config', 'drizzle', 'test', '.env.example', 'package.json', 'tsconfig.json'];
let copy: string;

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'holdfast-check-'));
  await Promise.all(kept.map((name) => cp(name, join(copy, name), { recursive: true })));
  await symlink(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
});

afterAll(() => rm(copy, { recursive: true }));

function run(name: string) {
  const step = createSteps({ root: copy, fix: false }).find((each) => each.name === name);
  if (!step) throw new Error(`there is no step ${name}`);
  return step.run();
}

test('conventions name the file, the line and the rule', async () => {
  await writeFile(join(copy, 'src/domain/wrong.ts'), '// a note\nexport enum Kind { Ok }\n');

  const { ok, output } = await run('conventions');

  expect(ok).toBe(false);
  expect(output).toMatch(/^src\/domain\/wrong\.ts:2 no enum.*\(erasable\)$/m);
});

test('conventions of one file look at others only where a rule needs them', async () => {
  await writeFile(join(copy, 'src/domain/wrong.ts'), 'export enum Kind { Ok }\n');
  await writeFile(join(copy, 'src/domain/other.ts'), 'export enum Kind { Ok }\n');
  const of = (only: readonly string[]) =>
    createSteps({ root: copy, fix: false, only }).find(({ name }) => name === 'conventions');

  expect((await of(['src/domain/wrong.ts'])?.run())?.output).not.toContain('other.ts');
  expect(await of(['src/domain/money.ts'])?.run()).toEqual({ ok: true, output: '' });
  expect(await of(['src/workflows/index.ts'])?.run()).toEqual({ ok: true, output: '' });
  expect(await of(['src/domain/gone.ts'])?.run()).toMatchObject({
    ...{ ok: false, output: 'src/domain/gone.ts is no file that the conventions read' },
  });
});

test('a rule that covers no file is a failure', async () => {
  await rm(join(copy, 'src/workflows'), { recursive: true });

  const { ok, output } = await run('conventions');

  expect(ok).toBe(false);
  expect(output).toMatch(/^workflow-exports covers no file$/m);
});

test('a column without a migration is a failure, and nothing is written', async () => {
  const tables = join(copy, 'src/ledger/tables.ts');
  const text = await readFile(tables, 'utf8');
  await writeFile(tables, `${text}\nexport const forgotten = ledger.table('forgotten', {});\n`);
  const before = await readdir(join(copy, 'drizzle'));

  const { ok, output } = await run('generated');

  expect(ok).toBe(false);
  expect(output).toContain('have changes that no migration makes');
  expect(await readdir(join(copy, 'drizzle'))).toEqual(before);
});

test('a line that is not formatted is a failure, until it is formatted', async () => {
  await writeFile(join(copy, 'src/domain/wide.ts'), 'export const wide   = 1\n');
  const steps = (fix: boolean) =>
    createSteps({ root: copy, fix }).filter((step) => step.name === 'format');

  const [found, , left] = [
    await steps(false)[0]?.run(),
    await steps(true)[0]?.run(),
    await readFile(join(copy, 'src/domain/wide.ts'), 'utf8'),
  ];

  expect(found?.output).toContain('src/domain/wide.ts');
  expect(left).toBe('export const wide = 1;\n');
});

test('a tool that is missing is a failure, not a pass', async () => {
  const [step] = createSteps({ root: join(copy, 'src'), fix: false });

  expect(await step?.run()).toEqual({ ok: false, output: expect.stringContaining('ENOENT') });
});

test('a step that does not exist is refused with the list of steps', async () => {
  const asked = execute(process.execPath, ['--import', 'tsx', 'src/main/check.ts', 'everything']);

  await expect(asked).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/There is no step everything\.[^]*conventions/),
  });
});
