/**
 * @module client: the thin client: starts operations and asks after them.
 * lives here: start, describe, withdraw, capture; sealing; task queues and search attributes
 * may touch: domain, workflows/messages, @temporalio/client; it needs no database
 * never: a decision about money, a repetition under another key
 * proved in: test/client
 */
export {
  type Client,
  type ClientOptions,
  createClient,
  type OperationResult,
  type StartOptions,
} from './client.js';
export type { OperationDescription } from './description.js';
export { IdempotencyKeyReused } from './key-reused.js';
export type { HoldAnswer } from '../workflows/messages.js';
export { createKeyRing, type KeyRing, type SealingKey } from './seal.js';
export { searchAttributesOf } from './search-attributes.js';
export { taskQueueDefault } from './task-queues.js';
export { createWatch, type OpenWorkflow, type Standing, type Watch } from './watch.js';
