/**
 * @module servers: the real servers of development, found, built, started and stopped.
 * lives here: Temporal, the time-skipping test server, PostgreSQL, the configuration of the first
 * may touch: processes, ports, a cache outside the checkout, the folders it is given
 * never: the environment, our database schema, workflows; production does not come here
 * proved in: test/servers, on the real servers
 */
export { freePort } from './port.js';
export { startPostgres } from './postgres.js';
export { startTemporal } from './temporal.js';
export { readTemporalConfig } from './temporal-config.js';
export { findTestServer } from './test-server.js';
