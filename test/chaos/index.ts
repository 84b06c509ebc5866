import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { stopSignal } from '../../src/main/process.js';
import { asked, onProgress, whole } from '../support/asked.js';
import { type NemesisName, nemesisNames } from './nemeses.js';
import { sweepMessages } from './run-messages.js';
import { runSoak } from './run-soak.js';
import { runSweeps } from './run-sweeps.js';
import { type SweepName, sweeps } from './sweeps.js';
import { Verdict } from './verdict.js';

const names = Object.keys(sweeps) as SweepName[];
const help = `Breaks things, and reads what the books then say.

  npm run chaos -- --minutes N [--seed N] [--only NAME] [--every S] [--rate N] [--json]
  npm run chaos [-- [--seed N] [--fault NAME [--minutes N]] [--json]]
  npm run chaos -- --notices [--count N] [--minutes N] [--seed N] [--json]
  npm run chaos -- --sweep [--seed N] [--seeds N] [--minutes N] [--resume] [--json]
  npm run chaos -- --cell OPERATION/SOCKET/MESSAGE/FAULT [--seed N]

--minutes N   the whole system under load, with a fault every 20 s; written to docs/soak.md
--only NAME   only this kind of fault, which may be given more than once:
${listed(nemesisNames)}
--every S     seconds from the beginning of a fault to that of the next one; 20 when left out
--rate N      how many stories callers begin in a second; 5 when left out
--fault NAME  instead: a race on fresh servers, in many rounds, which may be given more than once;
              all of them without --minutes. With it so long, each pass with the next seed:
${listed(names)}
--notices     instead: payments that are told of while relays are killed, so many (100,000)
--count N     how many
--seed N      draws the same as another run with this seed; its own when left out
--sweep       instead: every operation with a fault at every message of it, on every socket; some
              of them, as the seed draws, when --minutes is given; written to docs/faults.md
--seeds N     with --sweep: all of it so many times, each with the next seed
--resume      with --sweep: goes on where the last one was stopped
--cell ...    only one of those, as a violation names it
--json        ends stdout with one JSON document: { seed, operations, faults, violations }, and of
              a soak its figures

  npm run chaos -- --minutes 5
  npm run chaos -- --minutes 10 --only told-to-stop --every 6
  npm run chaos -- --fault cancel-or-capture --seed 4711
  npm run --silent chaos -- --fault hot-account --json
  npm run chaos -- --notices --count 10000
  npm run chaos -- --sweep --minutes 60
  npm run chaos -- --sweep --seed 20261 --seeds 3 --resume
  npm run chaos -- --cell 'a payout/provider/1/delay'

Exit code 0 when nothing was violated, 1 when something was or could not run, 2 when asked wrongly,
130 when interrupted.
`;

const options = asked(help, read);
const verdict = new Verdict(onProgress);
const interrupted = new AbortController();
void stopSignal().then(() => interrupted.abort());
const { code, ...more } = await run();
const { operations, faults, violations } = verdict;
const document = { seed: options.seed, operations, faults, violations, ...more };
process.stdout.write(`${options.json ? JSON.stringify(document) : lastLine()}
`);
process.exit(code);

async function run(): Promise<{ readonly code: number }> {
  const { signal } = interrupted;
  if (options.messages !== undefined) {
    return { code: await sweepMessages({ ...options, ...options.messages }, verdict, signal) };
  }
  const { minutes } = options;
  if (minutes === undefined || options.isSweep) {
    return { code: await runSweeps(options, verdict, signal, onProgress) };
  }
  return runSoak({ ...options, minutes }, verdict, signal, onProgress);
}

function lastLine(): string {
  const found = violations.length === 0 ? 'nothing violated' : `${violations.length} violations`;
  return `Seed ${options.seed}: ${operations} operations, ${found}.`;
}

function read() {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string' },
      fault: { type: 'string', multiple: true, default: [] },
      only: { type: 'string', multiple: true, default: [] },
      every: { type: 'string', default: '20' },
      rate: { type: 'string', default: '5' },
      sweep: { type: 'boolean', default: false },
      seeds: { type: 'string', default: '1' },
      resume: { type: 'boolean', default: false },
      cell: { type: 'string' },
      notices: { type: 'boolean', default: false },
      count: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return 'help';
  const { seed, minutes, only, json, sweep, cell, resume, notices, count } = values;
  const fault = notices ? ['told-once'] : values.fault;
  const seeds = whole(values.seeds);
  mustKnow(names, fault);
  mustKnow(nemesisNames, only);
  return {
    json,
    messages: sweep || cell !== undefined ? { cell, seeds, resume } : undefined,
    seed: seed === undefined ? randomInt(1_000_000) : whole(seed),
    minutes: minutes === undefined ? undefined : whole(minutes),
    count: count === undefined ? undefined : whole(count),
    everySeconds: whole(values.every),
    perSecond: whole(values.rate),
    only: only as NemesisName[],
    isSweep: fault.length > 0,
    names: fault.length === 0 ? names : (fault as SweepName[]),
  };
}

function mustKnow(known: readonly string[], given: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`There is no fault ${unknown}.`);
}

function listed(all: readonly string[]): string {
  return all.map((name) => `              ${name}`).join('\n');
}
