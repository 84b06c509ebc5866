import type { Stack } from '../../src/main/stack.js';
import type { StackProcess } from '../../src/main/stack-process.js';
import type { FaultRule } from '../../src/providers/sandbox/index.js';
import type { Draw } from '../support/rounds.js';
import type { SmallDisk } from './small-disk.js';

/** What faults are done to, while callers go on. */
export interface Field {
  readonly stack: Stack;
  readonly workers: readonly StackProcess[];
  /** Undefined where none could be made. */
  readonly disk: SmallDisk | undefined;
  /** Waits so long, or until the soak is interrupted: what was broken is mended then. */
  pause(ms: number): Promise<void>;
  /** Aborted then. */
  readonly ended: AbortSignal;
  /** One statement, as the owner of the database, on a connection of its own. */
  owner(statement: string): Promise<readonly object[]>;
  misbehave(rule: FaultRule): Promise<void>;
  /** Ends all of the provider's faults. */
  heal(): Promise<void>;
  /** Says that the fault is over: what is done after it only mends. */
  over(): void;
  onViolation(what: string): void;
}

/** One kind of fault. */
export interface Nemesis {
  /** In words for who reads the report. */
  readonly does: string;
  /** Whether nobody can be charged meanwhile. */
  readonly isProviderDown?: boolean;
  /** Whether what is under way ends all the same, so that nobody is asked a second time. */
  readonly repeatsNothing?: boolean;
  /** How long it may take until a payment that is asked for after it has settled. */
  readonly recoversWithinMs?: number;
  /** Whether it takes a disk of its own. */
  readonly isOfDisk?: boolean;
  /** Only where it is named: it goes on for minutes. */
  readonly isAlone?: boolean;
  /** Breaks, waits and mends, for the nth time; what it gives is said with the fault. */
  strike(field: Field, draw: Draw, nth: number): Promise<string | undefined>;
}
