import { parseArgs } from 'node:util';
import { devConfig, orExit } from '../src/main/config.js';
import { stopSignal } from '../src/main/process.js';
import { type Figure, figureTable, machine, misses, missLine } from './figures.js';
import { benchHeadline } from './headline.js';
import { benchPayment } from './payment.js';
import { startPlace } from './place.js';
import { benchUpload } from './upload.js';

const benches = {
  payment: async ({ count = 400, slices }: Asked) =>
    benchPayment(await startPlace(config, stops, onProgress), { slices, count, onProgress }),
  upload: ({ count = 128, slices }: Asked) =>
    benchUpload(config, stops, { slices, count, onProgress }),
  headline: ({ count = 10_000 }: Asked) => benchHeadline(config, stops, { count, onProgress }),
} as const;
interface Asked {
  readonly slices: number;
  /** Of each bench's own measure when undefined. */
  readonly count: number | undefined;
}

const names = Object.keys(benches) as (keyof typeof benches)[];

const help = `Measures on fresh servers of its own, and compares within the run.

  npm run bench [-- [NAME] [--json]]

NAME      one of: ${names.join(', ')}; all of them when left out
            payment   speed and cost of one, beside an empty workflow and beside plain activities
            upload    a file through the gateway, beside @tus/server alone
            headline  10,000 under a fixed mix of faults, beside a service that has no Holdfast
--json    ends stdout with one JSON document: { machine, figures }

  npm run bench -- payment
  npm run bench -- headline --count 1000

Exit code 0 when every figure reached what it has to, 1 when one did not (it says which).
`;

const asked = options();
const config = orExit(devConfig);
const stops: (() => Promise<unknown>)[] = [];
// Interrupted before its end: neither reached nor missed, which shells write as 130.
const code = await Promise.race([measure(), stopSignal().then(() => 130)]).catch(
  (error: unknown) => {
    onProgress(
      `The benchmark cannot go on: ${error instanceof Error ? error.stack : String(error)}`,
    );
    return 1;
  },
);
for (const stop of stops.reverse()) await stop();
process.exit(code);

async function measure(): Promise<number> {
  const figures: Figure[] = [];
  for (const name of asked.names) {
    figures.push(...(await benches[name](asked)));
  }
  const document = JSON.stringify({ machine: machine(), figures });
  process.stdout.write(`${asked.json ? document : figureTable(figures)}\n`);
  const missed = figures.filter(misses);
  for (const one of missed) onProgress(missLine(one));
  return missed.length === 0 ? 0 : 1;
}

function options() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
        // Not for figures to keep: fewer slices, and fewer operations in each.
        slices: { type: 'string', default: '7' },
        count: { type: 'string' },
      },
    });
    if (values.help === true) {
      process.stdout.write(help);
      return process.exit(0);
    }
    const unknown = positionals.find((name) => !names.some((known) => known === name));
    if (unknown !== undefined) throw new Error(`There is no benchmark ${unknown}.`);
    return {
      names: positionals.length === 0 ? names : (positionals as typeof names),
      json: values.json,
      slices: whole(values.slices),
      count: values.count === undefined ? undefined : whole(values.count),
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    return process.exit(2);
  }
}

function whole(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new Error(`${text} is not a whole number above 0.`);
}

function onProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}
