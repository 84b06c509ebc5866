/** A race, run in many rounds: what it shows, where, and how often. */
interface Sweep {
  /** The name of its test. */
  readonly title: string;
  readonly file: string;
  /** Rounds among all the tests, and in `npm run chaos`. */
  readonly few: number;
  readonly full: number;
}

/** Every sweep by the name that `npm run chaos -- --fault NAME` takes. */
export const sweeps = {
  'any-order': {
    title: 'what many clients ask at once is explained by one order of it',
    file: 'test/ledger/hold-model.test.ts',
    few: 100,
    full: 5_000,
  },
  'expiry-or-settle': {
    title: 'a hold is settled or expired, whatever the clock says meanwhile',
    file: 'test/chaos/ledger-races.test.ts',
    few: 40,
    full: 1_000,
  },
  'hot-account': {
    title: 'an account that all hold on at once holds exactly what it has',
    file: 'test/chaos/ledger-races.test.ts',
    few: 2,
    full: 100,
  },
  'transfer-ring': {
    title: 'transfers round a ring of accounts keep their sum',
    file: 'test/chaos/ledger-races.test.ts',
    few: 3,
    full: 100,
  },
  'many-refunds': {
    title: 'a hundred refunds at once give back no more than was captured',
    file: 'test/chaos/ledger-races.test.ts',
    few: 2,
    full: 100,
  },
  'cancel-or-capture': {
    title: 'a hold that is cancelled and captured has one winner, and a loser who is told so',
    file: 'test/chaos/hold-races.test.ts',
    few: 24,
    full: 1_000,
  },
  'expiry-or-capture': {
    title: 'a hold that is captured as its time ends is captured or let go',
    file: 'test/chaos/hold-races.test.ts',
    few: 16,
    full: 500,
  },
  'four-voices': {
    title: 'a webhook, a look, an answer and a cancel agree on one end',
    file: 'test/chaos/hold-races.test.ts',
    few: 24,
    full: 1_000,
  },
  'constant-sweep': {
    title: 'operations end as alone while the reconciler sweeps without a pause',
    file: 'test/chaos/reconciler-races.test.ts',
    few: 24,
    full: 1_000,
  },
  'ride-ends': {
    title: 'a ride that is ended from all sides is paid once, or not at all',
    file: 'test/chaos/ride-races.test.ts',
    few: 18,
    full: 600,
  },
} as const satisfies Readonly<Record<string, Sweep>>;

export type SweepName = keyof typeof sweeps;
