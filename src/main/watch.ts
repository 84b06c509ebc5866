import type { Log } from '../telemetry/index.js';

export interface WatchDeps<Seen> {
  readonly read: () => Promise<Seen>;
  readonly measure: (seen: Seen) => void;
  readonly log: Log;
  /** For the log: whose it is, and what it says when it cannot be read. */
  readonly module: string;
  readonly unread: string;
}

// Longer than any statement takes: two never run at once.
const everyMs = 15_000;

/** Measures what is read, at once and then all the time, until the answer is called. */
export function watch<Seen>({ read, measure, log, module, unread }: WatchDeps<Seen>): () => void {
  const look = () => {
    read().then(measure, (error: unknown) => log.warn({ module, err: error }, unread));
  };
  look();
  const timer = setInterval(look, everyMs);
  return () => clearInterval(timer);
}
