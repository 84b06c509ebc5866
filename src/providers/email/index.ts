/**
 * @module providers/email: e-mail over SMTP, by whatever server takes it on.
 * lives here: the adapter, one dialogue with the server, the reader of bounces
 * may touch: domain, the channel port, nodemailer
 * never: our database, Temporal; an address or a text in an answer, an error or a log
 * proved in: test/providers/email.test.ts and channel-conformance, against smtp-server
 */
export { createBounceReports } from './bounces.js';
export { createEmailChannel } from './client.js';
export type { MailServer } from './smtp.js';
