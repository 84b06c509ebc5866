import { sha256Hex } from './sha256.js';

/** A sort of outside, which has a queue of its own. */
type Outside = 'payments' | 'services' | 'objects' | 'notices';

/**
 * Where the calls to a sort of outside wait, next to the queue of the workflows that make them: a
 * slow one has its own slots, and holds up nothing else.
 */
export function outsideQueueOf(taskQueue: string, outside: Outside): string {
  return `${taskQueue}.${outside}`;
}

/** Whose turn it is, where many wait: one for each account. At most 64 bytes, as Temporal takes. */
export function turnOf(tenant: string, account: string): string {
  return sha256Hex(JSON.stringify([tenant, account])).slice(0, 32);
}
