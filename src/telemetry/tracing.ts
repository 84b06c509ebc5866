import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  NodeTracerProvider,
  NoopSpanProcessor,
  ParentBasedSampler,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry-v2';

const exportTimeoutMs = 5_000;

export interface TracingOptions {
  /** Which process this is, such as `holdfast-worker`. */
  readonly service: string;
  /** Where spans go (OTLP over HTTP, without `/v1/traces`); without it they are kept nowhere. */
  readonly otlpEndpoint?: string | undefined;
  /** Takes the spans in place of the exporter. */
  readonly spanProcessor?: SpanProcessor;
}

/** Trace ids are 32 hex digits. They are made and handed on whether or not spans are exported. */
export interface Tracing {
  /** For `plugins` of the client, the worker, the replay worker and `bundleWorkflowCode`. */
  readonly plugin: OpenTelemetryPlugin;
  /** The trace of work that comes in: the caller's, or a new one when the header is no trace. */
  startRequest(request: { name: string; traceparent?: unknown }): RequestTrace;
  /**
   * Does the work as a part of a trace that began elsewhere, of which only the id is known: the
   * operation's. An id that is none is worth no failure: the work is done all the same.
   */
  inTrace<Result>(traceId: string, name: string, work: () => Promise<Result>): Promise<Result>;
  /** Calls the outside as a part of the work going on. */
  inCall<Result>(name: string, work: () => Promise<Result>): Promise<Result>;
  /** The trace id of the work going on; undefined outside of any. */
  traceId(): string | undefined;
  /** The W3C header for a call to the outside; undefined outside of any work. */
  traceparent(): string | undefined;
  /** Sends what waits to be exported, within 5 s; a collector that is away is no error. */
  flush(): Promise<void>;
}

export interface RequestTrace {
  readonly traceId: string;
  /** Does the work inside of the trace, also what it awaits. */
  run<Result>(work: () => Result): Result;
  /** Ends the span; `failed` says in a few words what went wrong, when something did. */
  end(failed?: string): void;
}

/**
 * Starts tracing for this process. Temporal's interceptors are always part of it: to add them to
 * workflows that already run can break their replay. Without an exporter no span is recorded,
 * in the workflow isolate neither, and only ids travel.
 */
export function startTracing({ service, otlpEndpoint, spanProcessor }: TracingOptions): Tracing {
  const processor =
    spanProcessor ?? (otlpEndpoint === undefined ? undefined : exportTo(otlpEndpoint));
  const resource = resourceFromAttributes({ 'service.name': service });
  const provider = new NodeTracerProvider({
    resource,
    spanProcessors: processor === undefined ? [] : [processor],
    sampler: processor
      ? new ParentBasedSampler({ root: new AlwaysOnSampler() })
      : new AlwaysOffSampler(),
  });
  // Sets context and propagation for the process; a second start keeps the first's, equal ones.
  provider.register();
  const tracer = provider.getTracer(service);

  async function within<Result>(parent: Context, name: string, work: () => Promise<Result>) {
    const span = tracer.startSpan(name, {}, parent);
    try {
      return await context.with(trace.setSpan(parent, span), work);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  }

  return {
    plugin: new OpenTelemetryPlugin({
      tracer,
      resource,
      spanProcessor: processor ?? new NoopSpanProcessor(),
    }),
    startRequest({ name, traceparent }) {
      const span = tracer.startSpan(name, {}, remoteContext(traceparent));
      const inside = trace.setSpan(ROOT_CONTEXT, span);
      return {
        traceId: span.spanContext().traceId,
        run: (work) => context.with(inside, work),
        end(failed) {
          if (failed !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failed });
          span.end();
        },
      };
    },
    inTrace: (traceId, name, work) =>
      // Which span made the row is not kept, only which trace: half of its id stands for it.
      within(remoteContext(`00-${traceId}-${traceId.slice(0, 16)}-01`), name, work),
    inCall: (name, work) => within(context.active(), name, work),
    traceId: () => trace.getActiveSpan()?.spanContext().traceId,
    traceparent() {
      const carrier: Record<string, string> = {};
      propagation.inject(context.active(), carrier);
      return carrier.traceparent;
    },
    flush: () => provider.forceFlush().catch(() => undefined),
  };
}

// Only the traceparent: baggage and trace state are the caller's and would travel into histories.
function remoteContext(traceparent: unknown) {
  return typeof traceparent === 'string'
    ? propagation.extract(ROOT_CONTEXT, { traceparent })
    : ROOT_CONTEXT;
}

function exportTo(otlpEndpoint: string): SpanProcessor {
  const url = `${otlpEndpoint.replace(/\/+$/, '')}/v1/traces`;
  return new BatchSpanProcessor(new OTLPTraceExporter({ url, timeoutMillis: exportTimeoutMs }), {
    exportTimeoutMillis: exportTimeoutMs,
  });
}
