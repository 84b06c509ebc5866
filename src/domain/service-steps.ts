/**
 * Every step that a service outside does for an operation, and which service that is. The name is
 * also that of the activity; its look-up and its fence are named after it.
 */
export const serviceSteps = {
  reserveStock: 'warehouse',
  releaseStock: 'warehouse',
  ship: 'carrier',
  // new operations go above this line
} as const;

export type ServiceStep = keyof typeof serviceSteps;
export type ServiceName = (typeof serviceSteps)[ServiceStep];

/** How a step is called on the wire: `reserve-stock` of `reserveStock`. */
export function kindOf(step: ServiceStep): string {
  return step.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
