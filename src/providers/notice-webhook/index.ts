/**
 * @module providers/notice-webhook: notices posted to whoever wants them so.
 * lives here: the adapter, signed as Standard Webhooks 1.0 says
 * may touch: domain, network, the channel port, undici
 * never: our database, Temporal; a URL in an answer, an error or a log, for it may hold a secret
 * proved in: test/providers/notice-webhook.test.ts and channel-conformance, against notices-sandbox
 */
export { createNoticeWebhookChannel } from './client.js';
