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
  /** Until in 5 s on end as much ended as 80 % of what did before the first fault. */
  readonly throughput: Spread;
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
  /** By the moment of their end, so many seconds in each column. */
  readonly throughput: Timeline;
  /** Seconds from a request for a payment to its end, by the moment of the request. */
  readonly latency: Timeline;
  readonly looks: Soaked['looks'];
  readonly calls: Soaked['calls'];
}

interface Timeline {
  readonly bucketSeconds: number;
  readonly values: readonly number[];
}

const warmUpMs = 60_000;
const bucketMs = 10_000;
const [backWithinMs, stepMs, windowMs] = [120_000, 250, 5_000];

/** Figures of what happened. */
export function reportOf(soaked: Soaked): SoakReport {
  const { fromMs, toMs, asks, struck, operations, calls } = soaked;
  const down = struck.filter(({ name }) => nemeses[name].isProviderDown);
  const isDown = (ms: number) => down.some((one) => one.fromMs <= ms && ms <= one.overMs);
  const ended = operations.filter(({ endedMs }) => endedMs !== undefined).length;
  return {
    minutes: (toMs - fromMs) / 60_000,
    drainSeconds: soaked.drainMs / 1_000,
    ended,
    skipped: soaked.skipped,
    faults: [...grouped(struck, ({ name }) => name).values()].map((ones) => faultRow(ones, soaked)),
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
    throughput: timeline(
      soaked,
      ({ endedMs }) => endedMs,
      (all) => (all.length * 1_000) / bucketMs,
    ),
    latency: timeline(soaked, ({ askedMs }) => askedMs, latencySeconds),
    looks: soaked.looks,
    calls,
  };
}

function faultRow(ones: Soaked['struck'], soaked: Soaked): FaultRow {
  const { operations } = soaked;
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
    throughput: spread(ones.flatMap(({ overMs }) => backAfterMs(overMs, soaked))),
  };
}

function timeline(
  { fromMs, toMs, operations }: Soaked,
  atOf: (one: Watched) => number | undefined,
  valueOf: (all: readonly Watched[]) => number,
): Timeline {
  const buckets = grouped(operations, (one) => {
    return `${Math.floor(((atOf(one) ?? Infinity) - fromMs) / bucketMs)}`;
  });
  const values = Array.from({ length: Math.ceil((toMs - fromMs) / bucketMs) }, (_, n) =>
    valueOf(buckets.get(`${n}`) ?? []),
  );
  return { bucketSeconds: bucketMs / 1_000, values };
}

function latencySeconds(all: readonly Watched[]): number {
  const payments = all.filter(({ kind, endedMs }) => kind === 'payment' && endedMs !== undefined);
  const latencies = payments.map(({ askedMs, endedMs = 0 }) => (endedMs - askedMs) / 1_000);
  return quantile(latencies, 0.5) ?? 0;
}

function backAfterMs(overMs: number, { fromMs, toMs, struck, operations }: Soaked): number[] {
  const ends = operations.flatMap(({ endedMs }) => (endedMs === undefined ? [] : [endedMs]));
  const within = (from: number, to: number) => {
    return ends.filter((ms) => ms >= from && ms < to).length / (to - from);
  };
  const before = within(fromMs, struck[0]?.fromMs ?? toMs);
  const moments = Array.from({ length: backWithinMs / stepMs }, (_, n) => n * stepMs);
  const found = moments.find((ms) => {
    return within(overMs + ms, overMs + ms + windowMs) >= 0.8 * before;
  });
  return found === undefined ? [] : [found];
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
