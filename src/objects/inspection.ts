import type { Fail, Inspected } from '../domain/index.js';

/** An object in quarantine, and what it is said to be. */
interface ToInspect {
  readonly key: string;
  readonly size: number;
  readonly declaredType: string | null;
}

/**
 * Looks at an object before anybody may have it. Refuses: type-mismatch, infected, image-too-large.
 * Throws where it cannot look now.
 */
export type Inspect = (object: ToInspect) => Promise<Inspected | Fail>;
