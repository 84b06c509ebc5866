import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { commands } from '../domain/index.js';
import { joinedBy, type Made, namesOf, placesToFill, raised, stepsOf } from '../generator/index.js';
import { makeOperation, planOf, type Place } from './new-operation.js';
import { madeHere, removeOperation } from './remove-operation.js';

const help = `npm run new -- <Domain> <EventType> [options]

Writes a new operation that is green at once: it takes its money, does its steps at services
outside, and gives all of it back when one of them is refused.

  --steps a,b            its steps at services, in their order
          a/c:NAME       a is given back by c, and done by the service NAME
  --outside NAME         the service of every step that names none; alone, it does one step
  --no-http              without POST /v1/..., its test and its command
  --no-record            records no histories and describes no API: needs no servers, and is red
  --remove               takes it away again
  --help

Examples:
  npm run new -- Gift GiftPurchased --steps wrap,send --outside parcelShop
  npm run new -- FileUpload FileUploadCancelled --no-http
  npm run new -- Order OrderCreated --steps reserveStock/releaseStock:warehouse,ship:carrier
  npm run new -- Gift GiftPurchased --remove`;

const place: Place = {
  root: fileURLToPath(new URL('../..', import.meta.url)),
  say: (line) => process.stdout.write(`${line}\n`),
};
const asked = readArguments();
const problem = asked.help ? undefined : await done();
if (asked.help) place.say(help);
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}

/** Does what is asked for; gives why it cannot. */
async function done(): Promise<string | undefined> {
  const [domain = '', eventType = '', steps, http] = await answers();
  if (domain === '' || eventType === '') return help;
  const known = Object.entries(commands).map(([name, one]) => ({ name, ...one }));
  if (asked.remove) {
    const found = known.find((one) => one.domain === domain && one.eventType === eventType);
    const made = found && (await madeHere(place, found.name));
    if (made === undefined) return `${domain} ${eventType} was not made here by npm run new`;
    return removeOperation(place, made, asked.record);
  }
  const names = namesOf(domain, eventType, known);
  if ('problem' in names) return names.problem;
  const read = stepsOf(steps ?? '', asked.outside);
  if ('problem' in read) return read.problem;
  const wanted = { names, steps: read, http: http !== 'no' };
  const plan = await planOf(place, wanted);
  if ('problem' in plan) return plan.problem;
  place.say(summary(await makeOperation(place, wanted, plan, asked.record)));
  return undefined;
}

function summary({ files, insertions, domain, eventType, name }: Made): string {
  const artefacts = files.map((path) => ({
    path,
    text: readFileSync(join(place.root, path), 'utf8'),
  }));
  const own = artefacts.filter(({ path }) => !path.includes('/histories/'));
  const sizes = own.map(({ path, text }) => `  ${String(lines(text)).padStart(4)}  ${path}`);
  const lists = insertions.map(({ file, text }) => `  ${String(lines(text)).padStart(4)}  ${file}`);
  return [
    `\n${domain} ${eventType} is there. Lines that were written:`,
    ...[...sizes, ...lists],
    '\nTo fill:',
    ...own.flatMap(placesToFill).map((line) => `  ${line}`),
    '\nSee that it is green:',
    `  npm run check && npm test -- ${joinedBy('-', name)}`,
  ].join('\n');
}

function lines(text: string): number {
  return text.trimEnd().split('\n').length;
}

/** Domain, event type, steps, and whether it has a door: asked for on a terminal. */
async function answers(): Promise<readonly (string | undefined)[]> {
  const { domain, eventType, steps, outside, http } = asked;
  const alone = outside === undefined ? undefined : `call${raised(outside)}`;
  if (domain !== undefined || !process.stdin.isTTY) {
    return [domain, eventType, steps ?? alone, http ? 'yes' : 'no'];
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const told = [
    await terminal.question('Domain, like Gift: '),
    await terminal.question('Event type, like GiftPurchased: '),
    await terminal.question('Steps at services, like wrap:parcelShop,send:carrier, or none: '),
    await terminal.question('Over HTTP, yes or no? '),
  ];
  terminal.close();
  return told.map((text) => text.trim());
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      allowNegative: true,
      options: {
        steps: { type: 'string' },
        outside: { type: 'string' },
        http: { type: 'boolean', default: true },
        record: { type: 'boolean', default: true },
        remove: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const [domain, eventType] = positionals;
    return { ...values, domain, eventType };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}\n`);
    process.exit(2);
  }
}
