/**
 * @module providers/twilio: SMS by Twilio's Messages API, or whoever speaks it.
 * lives here: the adapter, its look-up, the reader of signed status callbacks
 * may touch: domain, the channel port, node:crypto, fetch
 * never: our database, Temporal; a number or a text in an answer, an error or a log
 * proved in: test/providers/twilio.test.ts and channel-conformance, against notices-sandbox
 */
export { createTwilioChannel } from './client.js';
export { createTwilioReports } from './reports.js';
