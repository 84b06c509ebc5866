import { parseArgs } from 'node:util';
import { testConfig } from '../../src/main/config.js';
import { asked, onProgress, whole } from '../support/asked.js';
import { cloneOf } from '../support/database.js';
import { startSharedPostgres } from '../support/shared-postgres.js';
import { found } from './find.js';
import { lanesAtOnce } from './lane.js';
import { mutants } from './mutants.js';

const help = `Plants bugs in the ledger's verbs and in the decisions about them, one after another,
and plays the simulation until it finds each.

  npm run mutants [-- [--seeds N] [NAME ...]]

--seeds N  give up after so many; 2000 when left out
${mutants.map(({ name }) => `           ${name}`).join('\n')}

  npm run mutants
  npm run mutants -- settle-pays-nobody

Exit code 0 when all were found, 1 when one was not or could not run, 2 when asked wrongly.
`;

const { chosen, count } = asked(help, read);
const shared = await startSharedPostgres(testConfig(), onProgress);
try {
  let missed = 0;
  for (const mutant of chosen) {
    const databases = await lanesAtOnce(() => cloneOf(shared.postgres), count);
    const wrong = await found(mutant, databases, count);
    for (const database of databases) await database.drop();
    const how = wrong ? `seed ${wrong.seed}: ${wrong.what.join('; ')}` : 'NOT FOUND';
    process.stdout.write(`${mutant.name.padEnd(38)}${how.slice(0, 160)}\n`);
    if (wrong === undefined) missed += 1;
  }
  process.stdout.write(`${chosen.length - missed} of ${chosen.length} bugs were found.\n`);
  process.exitCode = missed === 0 ? 0 : 1;
} finally {
  await shared.stop();
}

function read() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seeds: { type: 'string', default: '2000' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) return 'help';
  const unknown = positionals.find((name) => !mutants.some((mutant) => mutant.name === name));
  if (unknown !== undefined) throw new Error(`There is no bug ${unknown}.`);
  const isChosen = ({ name }: { name: string }) =>
    positionals.length === 0 || positionals.includes(name);
  return { chosen: mutants.filter(isChosen), count: whole(values.seeds) };
}
