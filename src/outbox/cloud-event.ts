import type { OperationEvent } from '../domain/index.js';

/**
 * An event as it leaves: CloudEvents 1.0, structured JSON. `id` is the same at every repetition,
 * so that who takes it can tell one that comes twice. Fields: github.com/cloudevents/spec.
 */
export interface CloudEvent {
  readonly specversion: '1.0';
  /** opId.seq */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  /** RFC 3339. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** Not of the standard: the trace id (32 hex) of the request that made it. */
  readonly traceid: string;
  readonly data: object;
}

/** The event for those outside. */
export function cloudEventOf(event: OperationEvent): CloudEvent {
  const { opId, seq, tenant, type, subject, at, trace, data } = event;
  return {
    specversion: '1.0',
    id: `${opId}.${seq}`,
    source: `${sourceStart}${encodeURIComponent(tenant)}`,
    type,
    subject,
    time: new Date(at).toISOString(),
    datacontenttype: 'application/json',
    traceid: trace,
    data,
  };
}

const sourceStart = '/holdfast/tenants/';

/** Whose it is. */
export function tenantOf({ source }: CloudEvent): string {
  return decodeURIComponent(source.slice(sourceStart.length));
}
