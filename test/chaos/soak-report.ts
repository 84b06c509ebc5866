import type { Nemesis } from './nemesis.js';
import { type NemesisName, nemeses } from './nemeses.js';
import type { Soaked } from './soak.js';
import { grouped, quantile, slopePerMinute, sparkline } from './soak-figures.js';
import type { Watched } from './soak-watch.js';

/** What faults of one kind came to; times in milliseconds from the end of each. */
export interface FaultRow extends Pick<Nemesis, 'does' | 'recoversWithinMs'> {
  readonly name: NemesisName;
  readonly rounds: number;
  /** Until a payment that was asked for afterwards had settled. */
  readonly recovery: Spread;
  /** Until the payments had ended that were under way. */
  readonly underWay: Spread;
}

interface Spread {
  readonly count: number;
  readonly p50?: number | undefined;
  readonly p99?: number | undefined;
  readonly max?: number | undefined;
}

export interface Availability {
  readonly starts: number;
  /** By the caller's own fault. */
  readonly refused: number;
  /** First requests that were not refused. */
  readonly firsts: number;
  readonly acceptedAtOnce: number;
  readonly acceptedInTheEnd: number;
}

/** What a soak came to, in figures. */
export interface SoakReport {
  readonly minutes: number;
  readonly drainSeconds: number;
  readonly ended: number;
  readonly skipped: number;
  readonly perSecond: number;
  readonly faults: readonly FaultRow[];
  readonly ends: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly availability: Availability;
  readonly whileProviderDown: Availability;
  readonly answers: Readonly<Record<string, number>>;
  readonly memory: readonly {
    readonly name: string;
    readonly lives: number;
    readonly fromMb: number;
    readonly toMb: number;
    readonly mostMb: number;
    readonly mbPerMinute: number | undefined;
    readonly line: string;
  }[];
  readonly throughput: {
    readonly bucketSeconds: number;
    readonly line: string;
    readonly most: number;
  };
  readonly looks: Soaked['looks'];
  readonly calls: Soaked['calls'];
}

const warmUpMs = 60_000;
const bucketMs = 10_000;

/** Figures of what happened. */
export function reportOf(soaked: Soaked): SoakReport {
  const { fromMs, toMs, asks, struck, operations, calls } = soaked;
  const down = struck.filter(({ name }) => nemeses[name].isProviderDown);
  const isDown = (ms: number) => down.some((one) => one.fromMs <= ms && ms <= one.overMs);
  const buckets = Array.from({ length: Math.ceil((toMs - fromMs) / bucketMs) }, () => 0);
  for (const { endedMs = 0 } of operations) {
    const n = Math.floor((endedMs - fromMs) / bucketMs);
    if (n in buckets) buckets[n] = (buckets[n] ?? 0) + 1_000 / bucketMs;
  }
  const ended = operations.filter(({ endedMs }) => endedMs !== undefined).length;
  return {
    minutes: (toMs - fromMs) / 60_000,
    drainSeconds: soaked.drainMs / 1_000,
    ended,
    skipped: soaked.skipped,
    perSecond: (ended * 1_000) / (toMs - fromMs),
    faults: [...grouped(struck, ({ name }) => name).values()].map((ones) =>
      faultRow(ones, operations),
    ),
    ends: endsOf(operations),
    availability: availabilityOf(asks),
    whileProviderDown: availabilityOf(asks.filter(({ startedMs }) => isDown(startedMs))),
    answers: counted(asks.map(({ said }) => said)),
    memory: [...soaked.memory].map(([name, samples]) => {
      const values = samples.map(({ value }) => value);
      return {
        name,
        lives: new Set(samples.map(({ life }) => life)).size,
        ...{ fromMb: values[0] ?? 0, toMb: values.at(-1) ?? 0, mostMb: Math.max(...values) },
        mbPerMinute: slopePerMinute(samples, warmUpMs),
        line: sparkline(values),
      };
    }),
    throughput: {
      bucketSeconds: bucketMs / 1_000,
      line: sparkline(buckets),
      most: Math.max(0, ...buckets),
    },
    looks: soaked.looks,
    calls,
  };
}

function faultRow(ones: Soaked['struck'], operations: readonly Watched[]): FaultRow {
  const name = ones[0]?.name as NemesisName;
  const { does, recoversWithinMs } = nemeses[name];
  const payments = operations.filter(({ kind }) => kind === 'payment');
  const recovery = ones.flatMap(({ overMs }) => {
    const later = payments.filter(({ askedMs, end }) => askedMs >= overMs && end === 'settled');
    const first = Math.min(...later.map(({ endedMs = Infinity }) => endedMs));
    return Number.isFinite(first) ? [first - overMs] : [];
  });
  const underWay = ones.flatMap(({ overMs }) =>
    payments.flatMap(({ acceptedMs, endedMs }) =>
      acceptedMs < overMs && endedMs !== undefined && endedMs > overMs ? [endedMs - overMs] : [],
    ),
  );
  return {
    ...{ name, does, rounds: ones.length },
    ...(recoversWithinMs !== undefined && { recoversWithinMs }),
    ...{ recovery: spread(recovery), underWay: spread(underWay) },
  };
}

function spread(values: readonly number[]): Spread {
  const at = (q: number) => {
    const value = quantile(values, q);
    return value === undefined ? undefined : Math.round(value);
  };
  return { count: values.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

function endsOf(operations: readonly Watched[]): SoakReport['ends'] {
  const kinds = [...grouped(operations, ({ kind }) => kind)];
  return Object.fromEntries(
    kinds.map(([kind, ones]) => [kind, counted(ones.map(({ end }) => end ?? 'open'))]),
  );
}

function counted(names: readonly string[]): Readonly<Record<string, number>> {
  const counts = [...grouped(names, (name) => name)].map(([name, all]) => [name, all.length]);
  return Object.fromEntries(counts) as Record<string, number>;
}

/** By start, and not by request: who asks again under the same key wants the same one. */
function availabilityOf(asks: Soaked['asks']): Availability {
  // While the same key is being served there is no other answer.
  const firsts = asks.filter(({ isFirst, answer }) => isFirst && answer !== 'again');
  const accepted = asks.filter(({ answer }) => answer === 'accepted');
  return {
    starts: new Set(asks.map(({ start }) => start)).size,
    refused: asks.filter(({ answer }) => answer === 'refused').length,
    firsts: firsts.length - firsts.filter(({ answer }) => answer === 'refused').length,
    acceptedAtOnce: accepted.filter(({ isFirst }) => isFirst).length,
    acceptedInTheEnd: accepted.length,
  };
}
