/**
 * @module gateway: HTTP in front of the client and the reads: a file per resource.
 * lives here: routes, tokens, limits, problem documents, the description of the API
 * may touch: domain, client, ledger/reads; all else is handed to it
 * never: a decision about money, an error's own text or stack in an answer, a body in the log
 * proved in: test/gateway, over sockets, with real servers behind
 */
export type { App, FileLinks } from './app.js';
export { createTokenVerifier, type Role, roles, type VerifyToken } from './auth.js';
export { createLateJudge } from './late.js';
export { createGateway } from './server.js';
export { applyWaiting } from './webhooks.js';
