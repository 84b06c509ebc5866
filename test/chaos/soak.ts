import { readSandboxLedger } from '../../src/providers/sandbox/index.js';
import { eventually } from '../support/eventually.js';
import { type NemesisName, nemeses } from './nemeses.js';
import { type Booked, disagreements } from './soak-books.js';
import type { Ask } from './soak-callers.js';
import { load } from './soak-load.js';
import { createMemory, type Memory } from './soak-memory.js';
import { aSoakPlace, type SoakPlace } from './soak-place.js';
import { bookedBy, rest } from './soak-rest.js';
import { heal, type Struck, strikes } from './soak-strikes.js';
import {
  createEnds,
  createInvariants,
  type Looks,
  repeatedly,
  type Watched,
} from './soak-watch.js';

export interface SoakAsked {
  readonly seed: number;
  /** Until each kind has struck once when left out. */
  readonly forMs?: number;
  /** From the beginning of a fault to that of the next one. */
  readonly everyMs: number;
  readonly names: readonly NemesisName[];
  readonly perSecond: number;
  /** Ends it early, with what there is. */
  readonly interrupted: AbortSignal;
  readonly onProgress: (line: string) => void;
  readonly onViolation: (what: string) => void;
}

/** What there was. */
export interface Soaked {
  readonly fromMs: number;
  readonly toMs: number;
  /** How long all that was open took to end after that. */
  readonly drainMs: number;
  readonly asks: readonly Ask[];
  /** Stories that were not begun, since too many waited. */
  readonly skipped: number;
  readonly operations: readonly Watched[];
  readonly struck: readonly Struck[];
  readonly looks: Looks;
  readonly memory: Memory;
  readonly booked: readonly Booked[];
  /** Writes that the provider answered as done, and those of them that did something. */
  readonly calls: { readonly answered: number; readonly acted: number };
}

const invariantsEveryMs = 10_000;
const memoryEveryMs = 5_000;
const endsEveryMs = 200;

/** Breaks the whole system again and again under load, and looks at what it comes to. */
export async function soak(asked: SoakAsked): Promise<Soaked> {
  const { onViolation, onProgress } = asked;
  let answered = 0;
  const place = await aSoakPlace({
    isOnDisk: asked.names.some((name) => nemeses[name].isOfDisk),
    onProgress: (line) => {
      onProgress(line);
      if (line.includes('starting it again')) onViolation(`a process died: ${line}`);
    },
    onLine: (name, line) => {
      if (line.includes('"level":"fatal"')) onViolation(`${name}: ${line}`);
      if (name === 'sandbox' && isWriteDone(line)) answered += 1;
    },
  });
  try {
    const { acted, ...soaked } = await soaking(place, asked);
    const isRepeated =
      answered > acted && asked.names.every((name) => nemeses[name].repeatsNothing);
    if (isRepeated)
      onViolation(`the provider acted ${acted} times, and was asked ${answered} times`);
    return { ...soaked, calls: { answered, acted } };
  } finally {
    await place.stop();
  }
}

async function soaking(place: SoakPlace, asked: SoakAsked) {
  const { interrupted, onViolation, forMs, onProgress } = asked;
  const { world, database, reads, stack } = place;
  const ends = createEnds(database);
  const invariants = createInvariants(reads, world.tenant, onViolation);
  const memory = createMemory(stack, place.workers);
  const [over, ended] = [new AbortController(), new AbortController()];
  const watching = Promise.all([
    repeatedly(ends.look, { everyMs: endsEveryMs, ended: ended.signal }),
    repeatedly(memory.look, { everyMs: memoryEveryMs, ended: ended.signal }),
    repeatedly(invariants.look, {
      ...{ everyMs: invariantsEveryMs, ended: ended.signal, onFault: invariants.missed },
    }),
  ]);
  const asks: Ask[] = [];
  const onAsk = (ask: Ask) => void asks.push(ask);
  try {
    const casts = await place.cast({ onAsk, onBegun: ends.onBegun, onViolation }, ended.signal);
    onProgress('Under load.');
    const fromMs = performance.now();
    const stop = () => over.abort();
    const timer = forMs === undefined ? undefined : setTimeout(stop, forMs);
    interrupted.addEventListener('abort', stop);
    if (interrupted.aborted) stop();
    const loading = load(casts, asked, over.signal);
    const struck = await strikes(place, asked, over.signal).finally(stop);
    clearTimeout(timer);
    const { stories, skipped } = await loading;
    const toMs = performance.now();
    onProgress('The load stops; what is under way ends.');
    await heal(place);
    await rest(place, stories, asked);
    const drainMs = performance.now() - toMs;
    await eventually(() => Promise.all([ends.look(), invariants.look()]), { timeoutMs: 120_000 });
    const booked = await bookedBy(place);
    const entries = await readSandboxLedger(stack.providerLedgerFile);
    // Interrupted, it leaves what is open behind, which agrees with nothing yet.
    const found = interrupted.aborted ? [] : disagreements(booked, entries);
    for (const what of found) onViolation(what);
    const acted = entries.filter(({ type }) => type !== 'fence' && type !== 'clock').length;
    const { all: operations } = ends;
    const seen = { operations, looks: invariants.looks, memory: memory.samples, booked, acted };
    return { fromMs, toMs, drainMs, asks, skipped, struck, ...seen };
  } finally {
    ended.abort();
    await watching;
  }
}

/** What the provider says of a call that moved money, or had moved it before. */
function isWriteDone(line: string): boolean {
  return (
    line.includes('"message":"answered"') &&
    /"method":"POST","url":"\/(charges|payouts)/.test(line) &&
    /"status":20[01]/.test(line)
  );
}
