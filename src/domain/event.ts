import type { OpId } from './ids.js';

/** Something that happened to an operation, as others are told it. */
export interface OperationEvent {
  /** Its row, which tells events apart for the relay alone. */
  readonly id: number;
  readonly opId: OpId;
  /** Its place among the events of its operation, from 1 without a gap. */
  readonly seq: number;
  readonly type: string;
  readonly tenant: string;
  readonly subject: string;
  /** The trace id (32 hex) of the request that made it. */
  readonly trace: string;
  readonly data: object;
  /** Epoch milliseconds. */
  readonly at: number;
}
