/**
 * @module activities: the steps, one call each, on what they were given.
 * lives here: the steps of every operation, and faults.ts, the one maker of ApplicationFailures
 * may touch: domain; the ledger, the providers and the object store through their types, injected
 * never: the order of steps, a repetition of its own, a driver's error as a business answer
 * proved in: test/operations
 */
export { accountActivities } from './account.js';
export { objectActivities } from './object-steps.js';
export { channelActivities, type NoticeDeps, noticeActivities } from './notification.js';
export { type ProviderSteps, providerActivities } from './outside.js';
export { type PaymentLedgerSteps, paymentActivities } from './payment.js';
export { reconcileActivities } from './reconcile.js';
export { rideActivities } from './ride.js';
export { serviceActivities } from './services.js';
export { uploadActivities } from './upload.js';
export { orderActivities } from './order.js';
// new operations go above this line
