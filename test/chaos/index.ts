import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { stopSignal } from '../../src/main/process.js';
import { Verdict } from './verdict.js';
import { sweepMessages } from './run-messages.js';
import { runSweeps } from './run-sweeps.js';
import { type SweepName, sweeps } from './sweeps.js';

const names = Object.keys(sweeps) as SweepName[];
const help = `Runs races on fresh servers, and reads what the books then say.

  npm run chaos [-- [--seed N] [--minutes N] [--fault NAME] [--json]]
  npm run chaos -- --sweep [--seed N] [--seeds N] [--minutes N] [--resume] [--json]
  npm run chaos -- --cell OPERATION/SOCKET/MESSAGE/FAULT [--seed N]

--seed N      draws the same rounds as another run with this seed; its own when left out
--minutes N   so long, each pass with the next seed; one full pass when left out
--fault NAME  only this one, which may be given more than once:
${names.map((name) => `              ${name}`).join('\n')}
--sweep       instead: every operation with a fault at every message of it, on every socket; some
              of them, as the seed draws, when --minutes is given; written to docs/faults.md
--seeds N     with --sweep: all of it so many times, each with the next seed
--resume      with --sweep: goes on where the last one was stopped
--cell ...    only one of those, as a violation names it
--json        ends stdout with one JSON document: { seed, operations, faults, violations }

  npm run chaos -- --minutes 5
  npm run chaos -- --fault cancel-or-capture --seed 4711
  npm run --silent chaos -- --fault hot-account --json
  npm run chaos -- --sweep --minutes 60
  npm run chaos -- --sweep --seed 20261 --seeds 3 --resume
  npm run chaos -- --cell 'a payout/provider/1/delay'

Exit code 0 when nothing was violated, 1 when something was or could not run, 2 when asked wrongly.
`;

const asked = options();
const verdict = new Verdict(onProgress);
const interrupted = new AbortController();
void stopSignal().then(() => interrupted.abort());
const code =
  asked.messages === undefined
    ? await runSweeps(asked, verdict, interrupted.signal, onProgress)
    : await sweepMessages({ ...asked, ...asked.messages }, verdict, interrupted.signal);
const { operations, faults, violations } = verdict;
const document = { seed: asked.seed, operations, faults, violations };
process.stdout.write(`${asked.json ? JSON.stringify(document) : lastLine()}\n`);
process.exit(code);

function lastLine(): string {
  const found = violations.length === 0 ? 'nothing violated' : `${violations.length} violations`;
  return `Seed ${asked.seed}: ${operations} operations, ${found}.`;
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string' },
        minutes: { type: 'string' },
        fault: { type: 'string', multiple: true, default: [] },
        sweep: { type: 'boolean', default: false },
        seeds: { type: 'string', default: '1' },
        resume: { type: 'boolean', default: false },
        cell: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) {
      process.stdout.write(help);
      return process.exit(0);
    }
    const { seed, minutes, fault, json, sweep, cell, resume } = values;
    const seeds = whole(values.seeds);
    const unknown = fault.find((name) => !names.some((known) => known === name));
    if (unknown !== undefined) throw new Error(`There is no fault ${unknown}.`);
    return {
      json,
      messages: sweep || cell !== undefined ? { cell, seeds, resume } : undefined,
      seed: seed === undefined ? randomInt(1_000_000) : whole(seed),
      minutes: minutes === undefined ? undefined : whole(minutes),
      names: fault.length === 0 ? names : (fault as SweepName[]),
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    return process.exit(2);
  }
}

function whole(text: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  throw new Error(`${text} is not a whole number above 0.`);
}

function onProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}
