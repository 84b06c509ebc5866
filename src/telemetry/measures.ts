/** Every counter of ours: its name in Prometheus without `_total`, what it counts, its labels. */
export const counters = {
  operationsStarted: {
    name: 'holdfast_operations_started',
    help: 'Operations accepted, replays apart.',
    labels: ['operation'],
  },
  operationsSettled: {
    name: 'holdfast_operations_settled',
    help: 'Operations that ended as asked.',
    labels: ['operation'],
  },
  operationsRefused: {
    name: 'holdfast_operations_refused',
    help: 'Operations that ended refused, by reason.',
    labels: ['operation', 'code'],
  },
  operationsParked: {
    name: 'holdfast_operations_parked',
    help: 'Operations put in front of a person.',
    labels: ['operation'],
  },
  doubtsOpened: {
    name: 'holdfast_doubts_opened',
    help: 'Outside calls whose outcome was unknown.',
    labels: ['operation'],
  },
  doubtsResolved: {
    name: 'holdfast_doubts_resolved',
    help: 'Doubts that ended, by what was found out.',
    labels: ['operation', 'outcome'],
  },
  breakerTurns: {
    name: 'holdfast_breaker_turns',
    help: 'Times the breaker of a provider opened, recovered, closed or was set by hand.',
    labels: ['provider', 'event'],
  },
  httpRequests: {
    name: 'holdfast_http_requests',
    help: 'Requests answered, by route as registered.',
    labels: ['method', 'route', 'status'],
  },
  webhooks: {
    name: 'holdfast_webhooks',
    help: 'Messages of providers, by what became of them; held ones wait for a person.',
    labels: ['provider', 'state'],
  },
  eventsPublished: {
    name: 'holdfast_events_published',
    help: 'Events that a sink took, repetitions too.',
    labels: ['sink'],
  },
  eventsRefused: {
    name: 'holdfast_events_refused',
    help: 'Times a sink did not take an event.',
    labels: ['sink'],
  },
  logLinesDropped: {
    name: 'holdfast_log_lines_dropped',
    help: 'Log lines given up because nobody read them.',
    labels: [],
  },
} as const satisfies Record<string, Measure>;

/** Everything of ours that rises and falls. */
export const gauges = {
  breakerMode: {
    name: 'holdfast_breaker_mode',
    help: 'Whether calls to a provider go out: 0 all, 1 some, 2 none, 3 none by hand.',
    labels: ['provider'],
  },
  moneyWaiting: {
    name: 'holdfast_money_waiting',
    help: 'Minor units held by operations that wait, of all tenants. Each worker tells all of it.',
    labels: ['phase', 'currency'],
  },
  eventsWaiting: {
    name: 'holdfast_events_waiting',
    help: 'Events that a sink is owed, of all tenants. Each relay tells all of them.',
    labels: ['sink'],
  },
  eventsLag: {
    name: 'holdfast_events_lag_seconds',
    help: 'Age of the oldest event that a sink is owed. Each relay tells it.',
    labels: ['sink'],
  },
  eventsDead: {
    name: 'holdfast_events_dead',
    help: 'Events that a sink is tried with no more, until a person wants it. Each tells all.',
    labels: ['sink'],
  },
  operationsWaiting: {
    name: 'holdfast_operations_waiting',
    help: 'Operations that wait with money held, of all tenants. Each worker tells all of them.',
    labels: ['phase', 'currency'],
  },
} as const satisfies Record<string, Measure>;

/** Every duration that we measure, in seconds. */
export const durations = {
  httpRequest: {
    name: 'holdfast_http_request_duration_seconds',
    help: 'From the first byte of a request to the last of its answer.',
    labels: ['method', 'route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
} as const satisfies Record<string, Measure & { readonly buckets: readonly number[] }>;

export interface Measure {
  readonly name: string;
  readonly help: string;
  /** Closed lists only: never an id, an account or a text. */
  readonly labels: readonly string[];
}

export type CounterName = keyof typeof counters;
export type GaugeName = keyof typeof gauges;
export type DurationName = keyof typeof durations;

/** Counts and measures; the same in the gateway, where prom-client keeps it, and in the worker. */
export interface Metrics {
  count<Name extends CounterName>(
    name: Name,
    labels: Record<(typeof counters)[Name]['labels'][number], string>,
    /** One when left out. */
    by?: number,
  ): void;
  set<Name extends GaugeName>(
    name: Name,
    value: number,
    labels: Record<(typeof gauges)[Name]['labels'][number], string>,
  ): void;
  observe<Name extends DurationName>(
    name: Name,
    seconds: number,
    labels: Record<(typeof durations)[Name]['labels'][number], string>,
  ): void;
}

/** One of something for each measure, by the same names. */
export function each<Name extends string, Of extends Measure, Made>(
  measures: Record<Name, Of>,
  make: (measure: Of) => Made,
): Record<Name, Made> {
  const made = Object.entries<Of>(measures).map(([name, measure]) => [name, make(measure)]);
  return Object.fromEntries(made) as Record<Name, Made>;
}
