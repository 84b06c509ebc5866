/**
 * PENDING -> IN_PROGRESS -> COMPLETED or FAILED; a refusal may go straight from PENDING to FAILED.
 */
export const states = ['PENDING', 'IN_PROGRESS', 'COMPLETED', 'FAILED'] as const;
export type OperationState = (typeof states)[number];

/** Where an operation that is IN_PROGRESS stands. */
export const phases = [
  'held',
  'charging',
  'in-doubt',
  'deferred',
  'awaiting-approval',
  'parked',
] as const;
export type Phase = (typeof phases)[number];

const allowed: Record<OperationState, readonly OperationState[]> = {
  PENDING: ['IN_PROGRESS', 'COMPLETED', 'FAILED'],
  IN_PROGRESS: ['COMPLETED', 'FAILED'],
  COMPLETED: [],
  FAILED: [],
};

/** True for COMPLETED and FAILED: nothing leaves them. */
export function isFinal(state: OperationState): boolean {
  return allowed[state].length === 0;
}

/** True for the name of a state. */
export function isState(text: unknown): text is OperationState {
  return states.includes(text as OperationState);
}

/** The next state; throws RangeError for a step that the machine does not have: a bug. */
export function transition(from: OperationState, to: OperationState): OperationState {
  if (!allowed[from].includes(to)) throw new RangeError(`no way from ${from} to ${to}`);
  return to;
}
