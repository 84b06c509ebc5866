// What of the product runs outside of workflows, as one bundle: so a bug can be planted in it.
export {
  accountActivities,
  paymentActivities,
  providerActivities,
  rideActivities,
} from '../../src/activities/index.js';
export { createClient, createWatch } from '../../src/client/index.js';
export { createLateJudge } from '../../src/gateway/late.js';
export { applyWaiting } from '../../src/gateway/webhooks.js';
export {
  createApprovals,
  createCases,
  createFindings,
  createInbox,
  createKnownCharges,
  createLedger,
  createOpenOperations,
} from '../../src/ledger/index.js';
export { createReads } from '../../src/ledger/reads.js';
export { createProviderSweep, createSweep } from '../../src/reconciler/index.js';
