import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Stack } from '../../src/main/stack.js';
import type { StackProcess } from '../../src/main/stack-process.js';
import type { Sample } from './soak-figures.js';

/** The memory of a process, each time that it was looked at, in MB. */
export type Memory = ReadonlyMap<string, readonly Sample[]>;

/** Looks at what memory the processes of a stack take; that of PostgreSQL is of all its own. */
export function createMemory(stack: Stack, workers: readonly StackProcess[]) {
  const samples = new Map<string, Sample[]>();
  const pids = () => ({
    gateway: stack.gateway.pid,
    ...Object.fromEntries(workers.map(({ pid }, n) => [`worker ${n + 1}`, pid])),
    relay: stack.relay.pid,
    provider: stack.sandbox.pid,
    temporal: stack.temporal.pid,
    postgres: stack.postgres?.pid,
  });
  return {
    samples: samples as Memory,
    async look(): Promise<void> {
      const { stdout } = await promisify(execFile)('ps', [
        '-A',
        '-o',
        'pid=',
        '-o',
        'ppid=',
        '-o',
        'rss=',
      ]);
      const rows = stdout
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/).map(Number));
      const atMs = performance.now();
      for (const [name, pid] of Object.entries(pids())) {
        const own = rows.filter(
          ([id, parent]) => id === pid || (name === 'postgres' && parent === pid),
        );
        if (pid === undefined || own.length === 0) continue;
        const value = own.reduce((all, [, , kilobytes = 0]) => all + kilobytes / 1_024, 0);
        samples.set(name, [...(samples.get(name) ?? []), { life: `${pid}`, atMs, value }]);
      }
    },
  };
}
