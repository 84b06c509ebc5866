/** A race, run in many rounds: where, and how often. */
interface Sweep {
  readonly file: string;
  /** Rounds among all the tests, and in `npm run chaos`. */
  readonly few: number;
  readonly full: number;
}

/** Every sweep by the name that `npm run chaos -- --fault NAME` takes; its test begins with it. */
export const sweeps = {
  'any-order': {
    file: 'test/ledger/hold-model.test.ts',
    few: 100,
    full: 5_000,
  },
  'expiry-or-settle': {
    file: 'test/chaos/ledger-races.test.ts',
    few: 40,
    full: 1_000,
  },
  'hot-account': {
    file: 'test/chaos/ledger-races.test.ts',
    few: 2,
    full: 40,
  },
  'transfer-ring': {
    file: 'test/chaos/ledger-races.test.ts',
    few: 3,
    full: 40,
  },
  'many-refunds': {
    file: 'test/chaos/ledger-races.test.ts',
    few: 2,
    full: 40,
  },
  'cancel-or-capture': {
    file: 'test/chaos/hold-races.test.ts',
    few: 16,
    full: 1_000,
  },
  'expiry-or-capture': {
    file: 'test/chaos/hold-races.test.ts',
    few: 16,
    full: 500,
  },
  'four-voices': {
    file: 'test/chaos/hold-races.test.ts',
    few: 16,
    full: 1_000,
  },
  'constant-sweep': {
    file: 'test/chaos/reconciler-races.test.ts',
    few: 16,
    full: 1_000,
  },
  'graceful-end': {
    file: 'test/chaos/graceful-end.test.ts',
    few: 10,
    full: 100,
  },
  'told-once': {
    file: 'test/chaos/notices.test.ts',
    few: 100,
    full: 100_000,
  },
  // A round is a part of 5 MiB, all of one file.
  'upload-kills': {
    file: 'test/chaos/upload-kills.test.ts',
    few: 13,
    full: 205,
  },
  'many-uploads': {
    file: 'test/chaos/many-uploads.test.ts',
    few: 100,
    full: 1_000,
  },
  'ride-ends': {
    file: 'test/chaos/ride-races.test.ts',
    few: 12,
    full: 600,
  },
} as const satisfies Readonly<Record<string, Sweep>>;

export type SweepName = keyof typeof sweeps;
