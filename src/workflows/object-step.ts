import { condition, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { ObjectSteps } from '../activities/object-steps.js';
import { type Fail, outsideQueueOf, type ReleaseBecause } from '../domain/index.js';
import { now } from './clock.js';
import type { Course } from './course.js';

/** Why a file is not published. */
export type Refusal = Extract<ReleaseBecause, { kind: 'withdrawn' | 'never-charged' }>;

/** It was not whole in time, or the store was away until then. */
export const expired: Refusal = { kind: 'never-charged', code: 'upload-expired' };

/** True for an answer after which there is nothing to publish. */
export function isRefusal(answer: { readonly kind: string }): answer is Refusal {
  return answer.kind === 'withdrawn' || answer.kind === 'never-charged';
}

/**
 * Does one step in the object store, again and again while the store is away, until `endsAt`; a
 * withdrawal ends the wait. What the step still does there then is of no file: see the keys. Throws
 * only a fault that no repetition mends.
 */
export async function inStore<Answer extends { readonly kind: string }>(
  { wishes }: Course,
  endsAt: number,
  step: (steps: ObjectSteps) => Promise<Answer>,
): Promise<Exclude<Answer, Fail> | Refusal> {
  const leftMs = Math.max(1, endsAt - now());
  const over = condition(() => wishes.withdrawn, leftMs).then(() => expired);
  const answer = await Promise.race([step(objects()), over]);
  if (wishes.withdrawn) return { kind: 'withdrawn' };
  if (!isFail(answer)) return answer as Exclude<Answer, Fail> | Refusal;
  return { kind: 'never-charged', code: answer.code };
}

const objects = () =>
  proxyActivities<ObjectSteps>({
    taskQueue: outsideQueueOf(workflowInfo().taskQueue, 'objects'),
    startToCloseTimeout: '2h',
    heartbeatTimeout: '5s',
    retry: { initialInterval: '500ms', maximumInterval: '1m' },
  });

function isFail(answer: { readonly kind: string }): answer is Fail {
  return answer.kind === 'fail';
}
