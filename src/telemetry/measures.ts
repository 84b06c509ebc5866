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
    name: 'http_requests',
    help: 'Requests answered, by endpoint as registered.',
    labels: ['method', 'endpoint', 'status'],
  },
  webhooks: {
    name: 'holdfast_webhooks',
    help: 'Messages of providers, by what became of them; held ones wait for a person.',
    labels: ['provider', 'state'],
  },
  findings: {
    name: 'holdfast_findings',
    help: 'Findings of reconciliation that last and that nobody can explain; each counts once.',
    labels: ['kind'],
  },
  reconciled: {
    name: 'holdfast_reconciler_findings',
    help: 'What sweeps did about operations, or could not do.',
    labels: ['action'],
  },
  alerts: {
    name: 'holdfast_alerts',
    help: 'Deliveries of alerts, by whether they were taken: sent or failed.',
    labels: ['kind', 'result'],
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
  invariantViolations: {
    name: 'invariant_violations',
    help: 'How often an invariant of the ledger was seen broken, the most in two minutes.',
    labels: ['name'],
  },
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
    help: 'Events that a sink is owed, of all tenants.',
    labels: ['sink'],
  },
  eventsLag: {
    name: 'holdfast_events_lag_seconds',
    help: 'Age of the oldest event that a sink is owed.',
    labels: ['sink'],
  },
  eventsDead: {
    name: 'holdfast_events_dead',
    help: 'Events that a sink is tried with no more, until a person wants it.',
    labels: ['sink'],
  },
  operationsWaiting: {
    name: 'holdfast_operations_waiting',
    help: 'Operations that wait with money held, of all tenants. Each worker tells all of them.',
    labels: ['phase', 'currency'],
  },
  operationsOpen: {
    name: 'holdfast_operations_open',
    help: 'Operations that have not ended, of all tenants, by how long ago they were to begin.',
    labels: ['state', 'phase', 'age'],
  },
  oldestOperation: {
    name: 'holdfast_operations_oldest_seconds',
    help: 'How long ago the oldest of them was to begin.',
    labels: ['state', 'phase'],
  },
  casesOpen: {
    name: 'holdfast_cases_open',
    help: 'Cases that wait for a person.',
    labels: ['kind', 'currency'],
  },
  moneyAtRisk: {
    name: 'holdfast_money_at_risk',
    help: 'Minor units that they are about; none is a case without money.',
    labels: ['kind', 'currency'],
  },
  holdsLeaked: {
    name: 'holdfast_holds_leaked',
    help: 'Holds that are open although their operation has ended.',
    labels: [],
  },
  reconcilerSilent: {
    name: 'holdfast_reconciler_silent_seconds',
    help: 'How long ago the last sweep ended.',
    labels: [],
  },
  alertsWaiting: {
    name: 'holdfast_alerts_waiting',
    help: 'Alerts that nobody has taken yet.',
    labels: [],
  },
  activeConnections: {
    name: 'active_connections',
    help: 'Connections of callers that are open.',
    labels: [],
  },
  databaseConnections: {
    name: 'holdfast_database_connections',
    help: 'Connections to the database: max, in-use, and callers that wait for one.',
    labels: ['use'],
  },
  memory: {
    name: 'holdfast_memory_bytes',
    help: 'Memory of this process: rss, heap-used, external.',
    labels: ['part'],
  },
  workflowsFrozen: {
    name: 'holdfast_workflows_frozen',
    help: 'Open workflows whose task failed three times in a row, as far as this worker saw it.',
    labels: [],
  },
} as const satisfies Record<string, Measure>;

/** Every duration that we measure, in seconds. */
export const durations = {
  httpRequest: {
    name: 'http_request_duration_seconds',
    help: 'From the first byte of a request to the last of its answer.',
    labels: ['method', 'endpoint'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  statement: {
    name: 'holdfast_statement_duration_seconds',
    help: 'From asking for a connection to the answer: of a verb by its name, else sql or read.',
    labels: ['statement'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
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
export type GaugeLabels<Name extends GaugeName> = Record<
  (typeof gauges)[Name]['labels'][number],
  string
>;

/** Counts and measures; the same in the gateway, where prom-client keeps it, and in the worker. */
export interface Metrics {
  count<Name extends CounterName>(
    name: Name,
    labels: Record<(typeof counters)[Name]['labels'][number], string>,
    /** One when left out. */
    by?: number,
  ): void;
  set<Name extends GaugeName>(name: Name, value: number, labels: GaugeLabels<Name>): void;
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
