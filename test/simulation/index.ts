import { parseArgs } from 'node:util';
import { testConfig } from '../../src/main/config.js';
import { asked, onProgress, whole } from '../support/asked.js';
import { cloneOf } from '../support/database.js';
import { startSharedPostgres } from '../support/shared-postgres.js';
import { lanesAtOnce } from './lane.js';
import { buildProduct } from './product.js';
import { simulate } from './simulate.js';

const help = `Plays days of payments, refunds, payouts and rides in which everything goes wrong that
can, seed after seed, and looks whether the books, the provider and what people were told agree.

  npm run simulate [-- [--seeds N] [--seed S] [--json]]

--seeds N  how many; 2000 when left out
--seed S   the first of them; 1 when left out. The same seed is played the same each time
--json     ends stdout with one JSON document: { seed, seeds, operations, steps, wrong }

  npm run simulate
  npm run simulate -- --seeds 1 --seed 4711      what happened, line by line
  npm run --silent simulate -- --seeds 100000 --json

Exit code 0 when nothing is wrong, 1 when something is or could not run, 2 when asked wrongly.
`;

const { seeds: count, seed: from, json } = asked(help, read);
const shared = await startSharedPostgres(testConfig(), onProgress);
try {
  const databases = await lanesAtOnce(() => cloneOf(shared.postgres), count);
  let played = 0;
  const { seeds, operations, steps, wrong } = await simulate({
    ...{ product: await buildProduct(), databases, from, count },
    onPlayed: ({ trace }) => {
      played += 1;
      if (count === 1) process.stdout.write(`${trace.join('\n')}\n`);
      if (played % 500 === 0) onProgress(`  ${played} seeds`);
    },
  });
  for (const { seed, what } of wrong) {
    onProgress(`WRONG in seed ${seed}: ${what.join('; ')}`);
    onProgress(`The same again: npm run simulate -- --seeds 1 --seed ${seed}`);
  }
  const document = { seed: from, seeds, operations, steps, wrong };
  const found = wrong.length === 0 ? 'nothing wrong' : `${wrong.length} seeds wrong`;
  const line = `${seeds} seeds from ${from}: ${operations} operations, ${steps} steps, ${found}.`;
  process.stdout.write(`${json ? JSON.stringify(document) : line}\n`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
  for (const database of databases) await database.drop();
} finally {
  await shared.stop();
}

function read() {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return 'help';
  return { seeds: whole(values.seeds), seed: whole(values.seed), json: values.json };
}
