import { createDatabase, type Database } from '../../src/database/index.js';
import type { Sql } from '../../src/database/connection.js';
import { type Clock, clockByHand, onClock } from './clock.js';

/** A database that seeds go through one after the other. */
export interface Lane {
  readonly clock: Clock;
  /** As the worker and as the gateway see it. */
  readonly worker: Database;
  readonly gateway: Database;
  /** Rows as the owner sees them. */
  readonly owner: Sql;
  close(): Promise<void>;
}

/** Where a lane is, as its users connect to it. */
export interface LaneUrls {
  readonly workerUrl: string;
  readonly readerUrl: string;
  readonly owner: Sql;
}

/** A lane on a database of its own, whose clock is moved by hand from now on. */
export async function openLane({ workerUrl, readerUrl, owner }: LaneUrls): Promise<Lane> {
  await owner.unsafe(clockByHand);
  const clock: Clock = { nowMs: 0, databaseAheadMs: 0 };
  const connected = (url: string) =>
    createDatabase({ url, poolMax: 1, acquireTimeoutMs: 30_000, applicationName: 'simulation' });
  const [worker, gateway] = [connected(workerUrl), connected(readerUrl)];
  return {
    clock,
    worker: onClock(worker, clock),
    gateway: onClock(gateway, clock),
    owner,
    close: async () => {
      await Promise.all([worker.close(1_000), gateway.close(1_000)]);
    },
  };
}

const lanesMax = 3;

/** Databases for so many seeds: one seed waits for its database while another thinks. */
export function lanesAtOnce<Made>(make: () => Promise<Made>, seeds: number): Promise<Made[]> {
  return Promise.all(Array.from({ length: Math.min(lanesMax, seeds) }, make));
}
