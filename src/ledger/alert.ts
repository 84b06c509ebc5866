import type { Database } from '../database/index.js';
import type { AlertKind } from '../domain/index.js';

/** One incident, as it is told. */
export interface Alert {
  readonly id: number;
  readonly kind: AlertKind;
  /** A case, an operation, one opening of a breaker, one silence. */
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
  /** RFC 3339. */
  readonly raisedAt: string;
}

/** Incidents, each written down once for ever and lent until somebody took it. */
export interface Alerts {
  /** Writes down what the database itself shows; gives how many are new. */
  look(silentMs: number): Promise<number>;
  /** Writes down what somebody else saw; false when it was written down before. */
  raise(kind: AlertKind, subject: string, detail: object): Promise<boolean>;
  /** So many at most. Each is lent again when it was not marked, each time twice as long after. */
  lease(limit: number, leaseMs: number): Promise<readonly Alert[]>;
  markSent(id: number): Promise<boolean>;
  /** How many nobody has taken. */
  waiting(): Promise<number>;
}

const newAtOnceMax = 1_000;

/** Alerts over one database. */
export function createAlerts(database: Database): Alerts {
  return {
    look: (silentMs) => database.call('ledger.raise_alerts_v1', silentMs, newAtOnceMax),
    raise: (kind, subject, detail) => database.call('ledger.raise_alert_v1', kind, subject, detail),
    lease: (limit, leaseMs) => database.call('ledger.lease_alerts_v1', limit, leaseMs),
    markSent: (id) => database.call('ledger.alert_sent_v1', id),
    waiting: async () => {
      const [row] = await database.sql<{ count: number }>`
        select count(*)::int as count from ledger.alert where sent_at is null`;
      return row?.count ?? 0;
    },
  };
}

/** Says that the reconciler goes on: of silence people are told. */
export function createPulse(database: Database): () => Promise<boolean> {
  return () => database.call('ledger.pulse_v1', 'reconciler');
}
