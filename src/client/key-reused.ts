import type { OpId } from '../domain/index.js';

/** The key names another command. `differs` lists the fields, never what they hold. */
export class IdempotencyKeyReused extends Error {
  readonly opId: OpId;
  readonly differs: readonly string[];
  constructor(opId: OpId, fields: readonly string[]) {
    super(`the idempotency key was used with another ${fields.join(', ')}`);
    this.name = 'IdempotencyKeyReused';
    this.opId = opId;
    this.differs = fields;
  }
}
