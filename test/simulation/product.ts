import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { build, type Plugin } from 'esbuild';
import type { Clock } from './clock.js';

/** A bug that is planted in a file of `src`: the text to be replaced must be there once. */
export interface SourceChange {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A part of the product, made anew at each call, as Temporal makes the workflows of each run. */
type Made = (clock: Clock, packages: Readonly<Record<string, object>>) => object;

/** The product's own code, whose clock and packages may be others than those of this process. */
export interface Product {
  readonly workflows: Made;
  readonly services: Made;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);

/** Bundles the product, with one change or as it is. */
export async function buildProduct(change?: SourceChange): Promise<Product> {
  const planted = change === undefined ? [] : [planting(change, await changed(change))];
  const [workflows, services] = await Promise.all([
    made('src/workflows/index.ts', planted),
    made('test/simulation/services.ts', planted),
  ]);
  return { workflows, services };
}

/** `text` with the change; throws where what is to be replaced is not there exactly once. */
export function replacedOnce(text: string, from: string, to: string): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`not once, but ${parts.length - 1} times: ${from}`);
  return parts.join(to);
}

async function changed({ file, from, to }: SourceChange): Promise<string> {
  return replacedOnce(await readFile(`${root}/${file}`, 'utf8'), from, to);
}

function planting({ file }: SourceChange, contents: string): Plugin {
  const escaped = file.replace(/[./]/g, '\\$&');
  return {
    name: 'planting',
    setup: ({ onLoad }) => {
      onLoad({ filter: new RegExp(`/${escaped}$`) }, () => ({ contents, loader: 'ts' }));
    },
  };
}

async function made(entry: string, plugins: Plugin[]): Promise<Made> {
  const { outputFiles } = await build({
    ...{ absWorkingDir: root, entryPoints: [entry], bundle: true, write: false, plugins },
    ...{ format: 'cjs', platform: 'node', target: 'node20', packages: 'external' },
  });
  const code = outputFiles?.[0]?.text ?? '';
  const make = new Script(`(function (module, exports, require, Date) {${code}\n})`, {
    filename: entry,
  }).runInThisContext() as (module: object, exports: object, need: unknown, date: unknown) => void;
  return (clock, packages) => {
    const module = { exports: {} };
    const need = (name: string) => packages[name] ?? require(name);
    make(module, module.exports, need, dateOf(clock));
    return module.exports;
  };
}

/** Dates of a clock that is moved by hand. */
function dateOf(clock: Clock): DateConstructor {
  return class extends Date {
    constructor(...given: [number] | []) {
      super(given[0] ?? clock.nowMs);
    }
    static override now(): number {
      return clock.nowMs;
    }
  } as unknown as DateConstructor;
}
