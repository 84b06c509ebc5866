/**
 * @module workflows: the order of steps, in Temporal's isolate; this file exports workflows only.
 * lives here: a file per operation, its messages, how a doubt is ended, how an operation parks
 * may touch: domain, @temporalio/workflow, the types of the activities
 * never: a clock, randomness, input or output; a plain Error as a business answer
 * proved in: test/operations, test/replay
 */
export { editAccount, fundAccount, openAccount } from './account.js';
export { late } from './late.js';
export { notification } from './notification.js';
export { payment } from './payment.js';
export { payout } from './payout.js';
export { reconcile } from './reconcile.js';
export { refund } from './refund.js';
export { ride } from './ride.js';
export { deleteFile, upload } from './upload.js';
export { verifyLedger } from './verify-ledger.js';
export { order } from './order.js';
// new operations go above this line
