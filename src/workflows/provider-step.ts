import {
  ActivityFailure,
  proxyActivities,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  FenceAnswer,
  LookUpAnswer,
  OutsideRequest,
  PerformAnswer,
  ProviderSteps,
} from '../activities/outside.js';
import type { ServiceRequest, ServiceSteps } from '../activities/services.js';
import {
  type OutsideAnswer,
  type OutsideStep,
  outsideQueueOf,
  type Retry,
  type Unknown,
} from '../domain/index.js';
import { isStepFailure } from './ledger-step.js';

/** What is certain of an outside step. */
export type Certain = Exclude<OutsideAnswer, { kind: 'pending' | 'contradicted' }>;

type Performing = Exclude<keyof ProviderSteps, `find${string}` | 'fenceStep'>;
const performing: Record<OutsideStep, Performing> = {
  charge: 'chargePayment',
  authorize: 'authorizePayment',
  capture: 'capturePayment',
  void: 'voidPayment',
  refund: 'refundPayment',
  payout: 'payOut',
};
const finding = {
  charge: 'findCharge',
  authorize: 'findCharge',
  capture: 'findCapture',
  void: 'findVoid',
  refund: 'findRefund',
  payout: 'findPayout',
} as const satisfies Record<OutsideStep, keyof ProviderSteps>;

// Never repeated by Temporal: after one attempt only the workflow knows what may have happened.
// The HTTP client gives up 2 s before startToCloseTimeout does.
// Nor is one begun late: a call that no worker took in time never went out.
const providerWithin = (scheduleToStartTimeout: number) =>
  proxyActivities<ProviderSteps>({
    taskQueue: outsideQueueOf(workflowInfo().taskQueue, 'payments'),
    scheduleToStartTimeout,
    startToCloseTimeout: '12s',
    heartbeatTimeout: '3s',
    retry: { maximumAttempts: 1 },
  });
const servicesWithin = (scheduleToStartTimeout: number) =>
  proxyActivities<ServiceSteps>({
    taskQueue: outsideQueueOf(workflowInfo().taskQueue, 'services'),
    scheduleToStartTimeout,
    startToCloseTimeout: '12s',
    heartbeatTimeout: '3s',
    retry: { maximumAttempts: 1 },
  });

/** What is asked of the provider, or of a service. */
export type Request = OutsideRequest | ServiceRequest;

/** True for what a service is asked. */
export function isOfService(request: Request): request is ServiceRequest {
  return 'detail' in request;
}

/** A call that no worker takes in this time does not go out. */
export const takenWithinMs = 30_000;

/** Performs once; taken by a worker within `withinMs`, or certainly not at all. */
export async function perform(request: Request, withinMs = takenWithinMs): Promise<PerformAnswer> {
  if (isOfService(request)) return settled(servicesWithin(withinMs)[request.step](request));
  return settled(providerWithin(withinMs)[performing[request.step]](request));
}

/** Looks once what stands under the reference. */
export async function find(request: Request): Promise<LookUpAnswer> {
  if (isOfService(request)) {
    return settled(servicesWithin(takenWithinMs)[`find${capital(request)}`](request));
  }
  return settled(providerWithin(takenWithinMs)[finding[request.step]](request));
}

/** Closes the reference, if nothing stands under it. */
export async function fence(request: Request): Promise<FenceAnswer> {
  if (isOfService(request)) {
    return settled(servicesWithin(takenWithinMs)[`fence${capital(request)}`](request));
  }
  return settled(providerWithin(takenWithinMs).fenceStep(request));
}

const certainKinds: readonly string[] = [
  ...['authorized', 'captured', 'voided', 'refunded', 'paid-out', 'confirmed', 'declined'],
];

/** True for an answer that says what happened. */
export function isCertain(answer: { readonly kind: string }): answer is Certain {
  return certainKinds.includes(answer.kind);
}

/** `charge.1` of `opId:charge.1:2`. */
export function stepOf({ reference }: Request): string {
  return reference.split(':')[1] ?? reference;
}

/** 2 of `opId:charge.1:2`. */
export function attemptOf({ reference }: Pick<Request, 'reference'>): number {
  return Number(reference.split(':')[2]);
}

function capital({ step }: ServiceRequest): Capitalize<ServiceRequest['step']> {
  return `${step.charAt(0).toUpperCase()}${step.slice(1)}` as Capitalize<ServiceRequest['step']>;
}

/** A worker that died in the call, or a time-out: it may have happened. */
export async function settled<Answer>(call: Promise<Answer>): Promise<Answer | Retry | Unknown> {
  try {
    return await call;
  } catch (error) {
    if (!isStepFailure(error)) throw error;
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    if (cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START') {
      return { kind: 'retry', reason: 'no worker', attempt: 1, nextRetryAfterMs: 0 };
    }
    return { kind: 'unknown', reason: 'no-answer', askAgainAfterMs: 0 };
  }
}
