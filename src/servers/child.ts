import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The signal that asks it to end cleanly. */
  readonly stopSignal: 'SIGINT' | 'SIGTERM';
  /** The user it runs as; ours when left out. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** A folder that goes when our own process dies without having stopped the child. */
  readonly removeIfOrphaned?: string | undefined;
}

/** A server process of ours that does not outlive us. */
export interface Child {
  readonly pid: number;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  readonly hasEnded: () => boolean;
  /** The last lines it wrote, for an error message. */
  readonly tail: () => string;
  /** Resolves true once it writes a line with this text, false when it ends first. */
  readonly says: (text: string) => Promise<boolean>;
  /** Asks it to end, kills it after 10 s, and resolves when nothing of it is left. */
  readonly stop: () => Promise<void>;
  /** SIGKILL; resolves when nothing of it is left. */
  readonly kill: () => Promise<void>;
}

const PATIENCE_MS = 10_000;
const TAIL_LINES = 40;

// A pipe from us is the watchdog's standard input. A line on it means that the server has ended;
// its end without a line means that we have, SIGKILL included. It works on every POSIX system,
// where a parent-death signal is Linux only and is tied to a thread.
const WATCHDOG = `
read -r _ && exit 0
kill -s "$2" "$1" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$1" 2>/dev/null || break; sleep 1; done
kill -s KILL "$1" 2>/dev/null
[ -z "$3" ] || rm -rf -- "$3"
`;

/**
 * Starts a server in a process group of its own, so that Ctrl-C reaches only us and we decide the
 * order in which things stop.
 * @throws Error when the command cannot be run.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const child = spawn(options.command, options.args, {
    ...options.user,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await once(child, 'spawn');
  const pid = child.pid as number;
  const watchdog = spawn(
    '/bin/sh',
    [
      '-c',
      WATCHDOG,
      'watchdog',
      `${pid}`,
      options.stopSignal.slice(3),
      options.removeIfOrphaned ?? '',
    ],
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
  );
  watchdog.unref();
  watchdog.stdin.on('error', () => undefined); // It is gone already: nothing is left to tell it.
  const watchdogGone = once(watchdog, 'exit');

  let running = true;
  const ended = once(child, 'exit').then(async () => {
    running = false;
    watchdog.ref();
    watchdog.stdin.end('\n');
    await watchdogGone;
  });
  const lines = collectLines(child.stdout, child.stderr);
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return {
    pid,
    ended,
    hasEnded: () => !running,
    tail: lines.tail,
    says: (text) => Promise.race([lines.includes(text), ended.then(() => false)]),
    stop: async () => {
      child.kill(options.stopSignal);
      const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      await ended;
      clearTimeout(timer);
    },
    kill,
  };
}

function collectLines(...streams: Readable[]) {
  const last: string[] = [];
  const waiting = new Set<{ text: string; found: () => void }>();
  for (const stream of streams) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        last.push(line);
        for (const wish of waiting) {
          if (line.includes(wish.text)) wish.found();
        }
      }
      last.splice(0, last.length - TAIL_LINES);
    });
  }
  return {
    tail: () => last.join('\n'),
    includes: (text: string): Promise<true> =>
      new Promise((resolve) => {
        if (last.some((line) => line.includes(text))) return resolve(true);
        const wish = {
          text,
          found: () => {
            waiting.delete(wish);
            resolve(true);
          },
        };
        waiting.add(wish);
      }),
  };
}
