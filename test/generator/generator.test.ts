import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  artefactsOf,
  insertionsOf,
  namesOf,
  sharedLines,
  stepsOf,
} from '../../src/generator/index.js';

const execute = promisify(execFile);
const untouched = new Set(['node_modules', '.git', '.holdfast', 'dist']);
const tool = (name: string) => join(process.cwd(), 'node_modules/.bin', name);

/** Runs a tool and gives all that it wrote; throws with that when it fails. */
async function run(cwd: string, name: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await execute(tool(name), args, { cwd, maxBuffer: 2 ** 26 });
  return stdout + stderr;
}

describe('an operation that was generated', () => {
  let copy: string;
  let before: ReadonlyMap<string, string>;
  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), 'holdfast-new-'));
    const names = (await readdir('.')).filter((name) => !untouched.has(name));
    await Promise.all(names.map((name) => cp(name, join(copy, name), { recursive: true })));
    await symlink(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
    before = await filesIn(copy);
  });
  afterAll(() => rm(copy, { recursive: true, force: true }));
  const asked = (...args: readonly string[]) => run(copy, 'tsx', 'src/main/new.ts', ...args);

  test('passes its battery without an edit, and leaves no trace when it is removed', async () => {
    const gift = ['Gift', 'GiftPurchased'];
    const told = await asked(
      ...gift,
      '--steps',
      'wrap/unwrap:parcelShop,handOver',
      '--outside',
      'mail',
    );

    expect(told).toMatch(/To fill:\n {2}src\/domain\/gift\.ts:\d+ {2}what it asks for/);
    await run(copy, 'tsx', 'src/main/check.ts', 'types', 'conventions', 'format');
    const battery = ['-t', 'succeeds|clean slate|runs twice|cancelled at|over HTTP'];
    await run(copy, 'vitest', 'run', '--config', '.config/vitest.config.ts', 'gift', ...battery);
    await asked(...gift, '--remove');
    expect(await differing(before, copy)).toEqual([]);
  }, 600_000);

  test('of several words, and a second one of its domain, are typed and conform', async () => {
    await asked('FileSharing', 'FileSharingRequested', '--outside', 'courier', '--no-record');
    const second = ['FileSharing', 'FileSharingCancelled', '--no-http', '--no-record'];
    await asked(...second);

    await run(copy, 'tsx', 'src/main/check.ts', 'types', 'duplicates', 'unused', 'format');
    const made = await readFile(join(copy, 'src/workflows/file-sharing-cancelled.ts'), 'utf8');
    expect(made).toContain('export async function fileSharingCancelled(');
    expect(made).toContain('/** Takes a file sharing cancelled through its steps');
    await asked(...second, '--remove');
    await asked('FileSharing', 'FileSharingRequested', '--remove', '--no-record');
    expect(await differing(before, copy)).toEqual([]);
  }, 300_000);

  test.each([
    ['a name that is not one', ['gift', 'GiftPurchased'], 'is not written like Gift'],
    ['a word of the language', ['Delete', 'DeleteAsked'], 'is a word of the language'],
    ['a pair that is taken', ['Payment', 'PaymentRequested'], 'is there already'],
    ['a file that is taken', ['Event', 'EventSeen'], 'src/domain/event.ts is there already'],
    ['a step that is taken', ['Gift', 'Given', '--steps', 'ship:mail'], 'ship is a step already'],
    ['a step of nobody', ['Gift', 'Given', '--steps', 'wrap'], 'which service does it?'],
    ['a removal of what was not made', ['Ride', 'RideRequested', '--remove'], 'was not made here'],
    ['an option that there is not', ['Gift', 'Given', '--nope'], "Unknown option '--nope'"],
  ])('is refused for %s, with nothing written', async (_, args, said) => {
    await expect(asked(...args)).rejects.toThrow(said);
    expect(await differing(before, copy)).toEqual([]);
  });

  test('is explained with examples', async () => {
    expect(await asked('--help')).toContain('npm run new -- Gift GiftPurchased --steps');
  });
});

test('at least 80 % of the worked example are what the generator writes', async () => {
  const names = namesOf('Order', 'OrderCreated', []);
  const steps = stepsOf('reserveStock/releaseStock:warehouse,ship:carrier', undefined);
  if ('problem' in names || 'problem' in steps) throw new Error('the example is misspelt');
  const services = ['warehouse', 'carrier'];
  const wanted = { names, steps, http: true };
  const place = await mkdtemp(join(tmpdir(), 'holdfast-share-'));
  const artefacts = artefactsOf(wanted, services);
  for (const { path, text } of artefacts) {
    await mkdir(dirname(join(place, path)), { recursive: true });
    await writeFile(join(place, path), text);
  }
  await run(process.cwd(), 'biome', 'format', '--config-path=.config', '--write', place);

  const shares = await Promise.all(
    artefacts.map(async ({ path }) => {
      const [made, kept] = [join(place, path), path];
      return { path, ...sharedLines(await readFile(made, 'utf8'), await readFile(kept, 'utf8')) };
    }),
  );
  await rm(place, { recursive: true });

  const sum = (of: 'equal' | 'of') => shares.reduce((all, share) => all + share[of], 0);
  const told = shares.map(({ path, equal, of }) => `${path} ${equal} of ${of}`).join('\n');
  expect(sum('equal') / sum('of'), told).toBeGreaterThanOrEqual(0.8);
  // What the lists of all operations have of it is generated whole.
  for (const { file, text } of insertionsOf(wanted, { services, domain: true })) {
    const list = new Set((await readFile(file, 'utf8')).split('\n').map((line) => line.trim()));
    const missing = text.split('\n').filter((line) => !list.has(line.trim()) && line !== '');
    expect({ file, missing: missing.length <= 2 ? [] : missing }).toEqual({ file, missing: [] });
  }
});

async function filesIn(root: string, under = ''): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(join(root, under), { withFileTypes: true })) {
    const path = under === '' ? entry.name : `${under}/${entry.name}`;
    if (untouched.has(entry.name)) continue;
    if (!entry.isDirectory()) files.set(path, await readFile(join(root, path), 'latin1'));
    else for (const [inner, text] of await filesIn(root, path)) files.set(inner, text);
  }
  return files;
}

/** The paths that were added, taken away or changed. */
async function differing(before: ReadonlyMap<string, string>, root: string): Promise<string[]> {
  const now = await filesIn(root);
  const paths = new Set([...before.keys(), ...now.keys()]);
  return [...paths].filter((path) => before.get(path) !== now.get(path));
}
