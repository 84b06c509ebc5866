import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

export interface StackProcessOptions {
  /** What it is called in lines and messages. */
  readonly name: string;
  /** The entry beside this file: `worker` for worker.ts. */
  readonly entry: string;
  readonly args?: readonly string[] | undefined;
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where it runs: a folder without an `.env` of somebody else. */
  readonly cwd: string;
  /** Answers 200 once it serves. */
  readonly readyUrl: string;
  readonly onProgress: (line: string) => void;
  /** Told every line that it writes. */
  readonly onLine?: ((name: string, line: string) => void) | undefined;
}

/** One of our own processes, started from its entry as production starts it. */
export interface StackProcess {
  readonly name: string;
  /** Its number; undefined while it does not run. */
  readonly pid: number | undefined;
  /** Starts it and resolves when it serves; throws with its last lines when it ends before. */
  start(): Promise<void>;
  /** SIGKILL; it stays down until `start`. */
  kill(): Promise<void>;
  /** The signal, and SIGKILL after 35 s; gives its exit code. It stays down until `start`. */
  stop(signal?: 'SIGTERM' | 'SIGINT'): Promise<number | null>;
}

const readyTimeoutMs = 120_000;
const stopTimeoutMs = 35_000;
const restartMinMs = 500;
const restartMaxMs = 15_000;
const stableAfterMs = 30_000;
const tailLines = 30;

// Both by their full path: the process runs in another folder.
const compiler = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const leash = new URL('./leash.mjs', import.meta.url).href;

/** A process that is started again, with growing pauses, when it ends unasked. */
export function createStackProcess(options: StackProcessOptions): StackProcess {
  const { name, onProgress } = options;
  let child: ChildProcess | undefined;
  let wanted = false;
  let restartMs = restartMinMs;
  const tail: string[] = [];

  async function start(): Promise<void> {
    wanted = true;
    const startedAt = performance.now();
    const ours = launch(options, tail);
    child = ours;
    const ended = once(ours, 'exit').then(([code, signal]) => {
      if (child === ours) child = undefined;
      return `${name} ended with ${signal ?? `code ${code}`}`;
    });
    const ready = new AbortController();
    const how = await Promise.race([ended, untilReady(options.readyUrl, ready.signal)]);
    ready.abort();
    if (how !== undefined) {
      if (!wanted) return;
      wanted = false;
      await halt(ours, 'SIGKILL');
      throw new Error(`${how} before it served:\n${tail.join('\n')}`);
    }
    void ended.then((why) => {
      if (wanted) void restart(why, performance.now() - startedAt);
    });
  }

  async function restart(why: string, ranMs: number): Promise<void> {
    restartMs = ranMs > stableAfterMs ? restartMinMs : Math.min(restartMs * 2, restartMaxMs);
    onProgress(`${why}; starting it again in ${restartMs / 1_000} s.`);
    await delay(restartMs);
    if (!wanted) return;
    await start().catch((error: unknown) => {
      wanted = true;
      return restart(error instanceof Error ? error.message : String(error), 0);
    });
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    wanted = false;
    return child === undefined ? null : halt(child, signal);
  }

  return {
    name,
    get pid() {
      return child?.pid;
    },
    start,
    kill: async () => void (await end('SIGKILL')),
    stop: (signal = 'SIGTERM') => end(signal),
  };
}

function launch(options: StackProcessOptions, tail: string[]) {
  const { entry, args = [], environment, cwd, name, onLine } = options;
  const file = fileURLToPath(new URL(`./${entry}.ts`, import.meta.url));
  const imports = ['--import', compiler, '--import', leash];
  const child = spawn(process.execPath, [...imports, file, ...args], {
    env: environment,
    cwd,
    // A group of its own: Ctrl-C reaches only us, and we decide the order in which things stop.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      tail.push(line);
      tail.splice(0, tail.length - tailLines);
      onLine?.(name, line);
    });
  }
  return child;
}

async function halt(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  // All that it wrote has been read by then, its last line too.
  const gone = once(child, 'close');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await gone;
  clearTimeout(timer);
  return child.exitCode;
}

/** Resolves with nothing once the URL answers 200, with a reason when that takes too long. */
async function untilReady(url: string, signal: AbortSignal): Promise<string | undefined> {
  const deadline = performance.now() + readyTimeoutMs;
  while (!signal.aborted && performance.now() < deadline) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.status === 200) return undefined;
    await delay(100);
  }
  return `${url} did not answer within ${readyTimeoutMs / 1_000} s`;
}
