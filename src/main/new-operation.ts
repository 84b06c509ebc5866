import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { commands, serviceSteps } from '../domain/index.js';
import { childEnvironment } from './config.js';
import {
  type Artefact,
  artefactsOf,
  inserted,
  type Insertion,
  insertionsOf,
  joinedBy,
  lowered,
  type Made,
  madeFile,
  type Wanted,
} from '../generator/index.js';

export interface Place {
  readonly root: string;
  readonly say: (line: string) => void;
}

/** All that is to be written of an operation. */
export interface Plan {
  readonly artefacts: readonly Artefact[];
  readonly insertions: readonly Insertion[];
}

/** What `wanted` comes to here, or why it cannot be made. */
export async function planOf(
  { root }: Pick<Place, 'root'>,
  wanted: Wanted,
): Promise<Plan | { readonly problem: string }> {
  const { names, steps } = wanted;
  const knownServices: readonly string[] = Object.values(serviceSteps);
  const services = [...new Set(steps.map(({ service }) => service))].filter(
    (service) => !knownServices.includes(service),
  );
  const domain = !Object.values(commands).some((one) => one.domain === names.domain);
  const artefacts = artefactsOf(wanted, services);
  const there = artefacts.find(({ path }) => existsSync(join(root, path)));
  if (there !== undefined) return { problem: `${there.path} is there already` };
  const activities = await textsOf(join(root, 'src/activities'));
  const taken = steps
    .flatMap(({ name, back }) => (back === undefined ? [name] : [name, back]))
    .find((step) => step in serviceSteps || new RegExp(`\\b${step}\\b`).test(activities));
  if (taken !== undefined) return { problem: `${taken} is a step already` };
  return { artefacts, insertions: insertionsOf(wanted, { services, domain }) };
}

/** Writes an operation, its migration, its histories and what is generated from it. */
export async function makeOperation(
  place: Place,
  wanted: Wanted,
  plan: Plan,
  records: boolean,
): Promise<Made> {
  const { root, say } = place;
  const { names, http } = wanted;
  const kebab = joinedBy('-', names.pascal);
  const { artefacts, insertions } = plan;
  say(`Writing ${artefacts.length} files and ${insertions.length} entries in lists ...`);
  for (const { path, text } of artefacts) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  for (const insertion of insertions) {
    const file = join(root, insertion.file);
    await writeFile(file, inserted(await readFile(file, 'utf8'), insertion));
  }
  say('Writing its migration ...');
  const migration = await writeMigration(place, kebab);
  const made = {
    ...{ domain: names.domain, eventType: names.eventType, name: lowered(names.pascal) },
    ...{ insertions, migration, files: artefacts.map(({ path }) => path) },
  };
  await writeMade(place, made);
  await formatted(place, made);
  if (!records) return made;
  say('Recording its histories on real servers ...');
  const before = await histories(root);
  await tests(place, 'test/replay/replay.test.ts', { RECORD_HISTORIES: '1' }, '-t', 'are there');
  if (http) await describedApi(place);
  const recorded = (await histories(root)).filter((path) => !before.includes(path));
  const whole = { ...made, files: [...made.files, ...recorded] };
  await writeMade(place, whole);
  await formatted(place, whole);
  return whole;
}

/** Writes the description of the API anew. */
export async function describedApi(place: Place): Promise<void> {
  place.say('Writing the description of the API ...');
  await tests(place, 'test/gateway/openapi.test.ts', {}, '--update', '-t', 'agreed on');
}

/** Runs a tool of this repository; throws with what it wrote when it fails. */
async function run(root: string, name: string, args: readonly string[], environment = {}) {
  const child = spawn(join(root, 'node_modules/.bin', name), args, {
    cwd: root,
    env: childEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`${name} failed:\n${Buffer.concat(chunks).toString('utf8')}`);
}

function tests({ root }: Place, file: string, environment: object, ...args: readonly string[]) {
  const all = ['run', '--config', '.config/vitest.config.ts', file, ...args];
  return run(root, 'vitest', all, environment);
}

async function formatted({ root }: Place, { name, files, insertions }: Made): Promise<void> {
  const lists = insertions.map(({ file }) => file);
  const paths = [madeFile(name), ...files, ...lists].filter((path) => /\.(ts|json)$/.test(path));
  const args = ['format', '--config-path=.config', '--write', '--no-errors-on-unmatched'];
  await run(root, 'biome', [...args, ...new Set(paths)]);
}

async function writeMade({ root }: Place, made: Made): Promise<void> {
  const path = join(root, madeFile(made.name));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(made));
}

/** Gives its tag. */
async function writeMigration({ root }: Place, kebab: string): Promise<string> {
  const config = ['--config', '.config/drizzle.config.ts'];
  await run(root, 'drizzle-kit', ['generate', ...config, '--custom', '--name', kebab]);
  const journal = JSON.parse(await readFile(join(root, 'drizzle/meta/_journal.json'), 'utf8')) as {
    readonly entries: readonly { readonly tag: string }[];
  };
  const tag = journal.entries.at(-1)?.tag ?? '';
  const words = kebab.replaceAll('-', ' ');
  const note = `-- The verbs of ${words}. Older workers survive: all of it is new.`;
  const verbs = await readFile(join(root, `src/ledger/${kebab}.sql`), 'utf8');
  await writeFile(join(root, `drizzle/${tag}.sql`), `${note}\n\n${verbs}`);
  return tag;
}

async function histories(root: string): Promise<readonly string[]> {
  const folder = 'test/replay/histories';
  return (await readdir(join(root, folder))).map((name) => `${folder}/${name}`);
}

async function textsOf(folder: string): Promise<string> {
  const names = await readdir(folder);
  return (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('\n');
}
