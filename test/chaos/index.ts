import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { stopSignal } from '../../src/main/process.js';
import { asked, onProgress, whole } from '../support/asked.js';
import { Verdict } from './verdict.js';
import { sweepMessages } from './run-messages.js';
import { runSweeps } from './run-sweeps.js';
import { type SweepName, sweeps } from './sweeps.js';

const names = Object.keys(sweeps) as SweepName[];
const help = `Runs races on fresh servers, and reads what the books then say.

  npm run chaos [-- [--seed N] [--minutes N] [--fault NAME] [--json]]
  npm run chaos -- --sweep [--seed N] [--minutes N] [--json]
  npm run chaos -- --cell OPERATION/SOCKET/MESSAGE/FAULT [--seed N]

--seed N      draws the same rounds as another run with this seed; its own when left out
--minutes N   so long, each pass with the next seed; one full pass when left out
--fault NAME  only this one, which may be given more than once:
${names.map((name) => `              ${name}`).join('\n')}
--sweep       instead: every operation with a fault at every message of it, on every socket; some
              of them, as the seed draws, when --minutes is given; written to docs/faults.md
--cell ...    only one of those, as a violation names it
--json        ends stdout with one JSON document: { seed, operations, faults, violations }

  npm run chaos -- --minutes 5
  npm run chaos -- --fault cancel-or-capture --seed 4711
  npm run --silent chaos -- --fault hot-account --json
  npm run chaos -- --sweep --minutes 60
  npm run chaos -- --cell 'a payout/provider/1/delay'

Exit code 0 when nothing was violated, 1 when something was or could not run, 2 when asked wrongly.
`;

const options = asked(help, read);
const verdict = new Verdict(onProgress);
const interrupted = new AbortController();
void stopSignal().then(() => interrupted.abort());
const code =
  options.messages === undefined
    ? await runSweeps(options, verdict, interrupted.signal, onProgress)
    : await sweepMessages({ ...options, ...options.messages }, verdict, interrupted.signal);
const { operations, faults, violations } = verdict;
const document = { seed: options.seed, operations, faults, violations };
process.stdout.write(`${options.json ? JSON.stringify(document) : lastLine()}\n`);
process.exit(code);

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
      sweep: { type: 'boolean', default: false },
      cell: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return 'help';
  const { seed, minutes, fault, json, sweep, cell } = values;
  const unknown = fault.find((name) => !names.some((known) => known === name));
  if (unknown !== undefined) throw new Error(`There is no fault ${unknown}.`);
  return {
    json,
    messages: sweep || cell !== undefined ? { cell } : undefined,
    seed: seed === undefined ? randomInt(1_000_000) : whole(seed),
    minutes: minutes === undefined ? undefined : whole(minutes),
    names: fault.length === 0 ? names : (fault as SweepName[]),
  };
}
