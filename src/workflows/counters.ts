import { metricMeter } from '@temporalio/workflow';
import type { Envelope } from '../domain/index.js';

/** The counters of telemetry that workflows count; a test holds the two lists together. */
export type WorkflowCounter =
  | 'holdfast_operations_settled'
  | 'holdfast_operations_refused'
  | 'holdfast_operations_parked'
  | 'holdfast_doubts_opened'
  | 'holdfast_doubts_resolved';

/** Counts one of something that happened to this operation; replays count nothing. */
export function count(
  name: WorkflowCounter,
  { command }: Envelope,
  labels: Readonly<Record<string, string>> = {},
): void {
  metricMeter.createCounter(name).add(1, { operation: command.eventType, ...labels });
}
