/**
 * @module providers/notices-sandbox: the far side of every channel, which misbehaves on request.
 * lives here: FCM with its tokens, Twilio with its callbacks, a mail server, a webhook receiver
 * may touch: domain, sandbox (faults, ledger file), fastify, smtp-server, jose, its one ledger file
 * never: our database, Temporal; the adapters, with which it shares nothing but the wire
 * proved in: test/providers
 */
export { type DeliveredNotice, readNoticesLedger } from './ledger.js';
export { createNoticesSandbox } from './server.js';
