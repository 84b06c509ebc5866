import {
  type Client as TemporalClient,
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { FieldDigests, OperationState, OpId, PaymentPayload } from '../domain/index.js';
import type { OperationResult } from './client.js';
import type { OperationMemo } from './workflow-start.js';

/** What Temporal alone knows of an operation; the rows know more once its first step has run. */
export interface OperationDescription {
  readonly opId: OpId;
  readonly tenant: string;
  readonly principal: string;
  readonly domain: string;
  readonly eventType: string;
  readonly bizKey: string;
  readonly state: OperationState;
  readonly outcome?: { readonly kind: string };
  readonly account?: string;
  readonly amount?: number;
  readonly currency?: string;
  /** Epoch milliseconds. */
  readonly acceptedAt: number;
  readonly digests: FieldDigests;
}

/** What Temporal knows of an operation; undefined when it knows none, or no longer. */
export async function describe(
  temporal: TemporalClient,
  opId: OpId,
): Promise<OperationDescription | undefined> {
  try {
    const handle = temporal.workflow.getHandle(opId);
    const description = await handle.describe();
    const ended = description.status.name === 'COMPLETED';
    const outcome = ended ? ((await handle.result()) as OperationResult) : undefined;
    return descriptionOf(opId, description, outcome);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

function descriptionOf(
  opId: OpId,
  description: WorkflowExecutionDescription,
  outcome: { kind: string } | undefined,
): OperationDescription | undefined {
  const memo = description.memo as OperationMemo | undefined;
  // A workflow of somebody else may stand under this id.
  if (memo?.digests === undefined) return undefined;
  const attributes = Object.fromEntries(
    description.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
  );
  const { account, amount, currency } = attributes as Partial<PaymentPayload>;
  const failed = outcome?.kind === 'fail';
  return {
    opId,
    tenant: String(attributes.tenant),
    principal: memo.principal,
    domain: memo.domain,
    eventType: memo.eventType,
    bizKey: memo.bizKey ?? opId,
    state: outcome === undefined ? 'PENDING' : failed ? 'FAILED' : 'COMPLETED',
    acceptedAt: description.startTime.getTime(),
    digests: memo.digests,
    ...(outcome !== undefined && { outcome }),
    ...(account !== undefined && { account }),
    ...(amount !== undefined && { amount }),
    ...(currency !== undefined && { currency }),
  };
}
