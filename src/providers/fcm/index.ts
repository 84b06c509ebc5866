/**
 * @module providers/fcm: push messages by Firebase Cloud Messaging, HTTP v1.
 * lives here: the adapter, and the access token that it needs
 * may touch: domain, the channel port, jose, fetch
 * never: our database, Temporal; a device token in an answer, an error or a log
 * proved in: test/providers/fcm.test.ts and channel-conformance, against notices-sandbox
 */
export { createFcmChannel } from './client.js';
export { parseServiceAccount, type ServiceAccount } from './service-account.js';
