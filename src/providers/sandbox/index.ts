/**
 * @module providers/sandbox: a payment provider that keeps its word, and breaks it on request.
 * lives here: the adapter (client.ts), and the provider itself: money, faults, events, the ledger
 * may touch: domain, the provider port, fetch; the server also fastify, its one ledger file
 * never: our database, Temporal; the adapter and the server share nothing but HTTP
 * proved in: test/providers
 */
export type { SandboxLogLine } from './app.js';
export type { ChargeView } from './charge-state.js';
export { createSandboxProvider } from './client.js';
export {
  type FaultRule,
  faultNames,
} from './fault-rule.js';
export { type Charge, readSandboxLedger } from './ledger.js';
export { magicAmounts } from './magic-amounts.js';
export { createSandboxServer, type SandboxServerOptions } from './server.js';
export { readDeeds, servicesFile } from './services.js';
export { createSandboxWebhooks } from './webhook.js';
