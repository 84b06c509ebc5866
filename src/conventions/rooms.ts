/**
 * What a line of a room may import, beside its own room: rooms, single files of rooms
 * (`ledger/reads`), packages (`@fastify/*` is all of a scope) and built-ins (`node:*`).
 * `packages` is every package and built-in, `everything` all there is.
 */
export interface Room {
  readonly values: readonly string[];
  /** What it may name in `import type`, beside `values`; nothing of it is there at run time. */
  readonly types: readonly string[];
}

/** The import table. A folder of `src` that is not named here is refused. */
export const rooms: Readonly<Record<string, Room>> = {
  domain: { values: [], types: [] },
  workflows: {
    values: ['domain', '@temporalio/workflow', '@temporalio/common'],
    types: ['activities'],
  },
  activities: {
    values: ['domain', 'notices', '@temporalio/activity', '@temporalio/common'],
    types: ['everything'],
  },
  ledger: {
    values: ['domain', 'database', 'outbox/append', 'drizzle-orm'],
    types: [],
  },
  database: { values: ['domain', 'postgres', 'drizzle-orm', 'node:*'], types: [] },
  network: { values: ['ipaddr.js', 'node:*'], types: [] },
  outbox: {
    values: [
      'domain',
      'database',
      'network',
      'drizzle-orm',
      '@nats-io/*',
      'standardwebhooks',
      'undici',
      'node:*',
    ],
    types: ['telemetry'],
  },
  objects: { values: ['domain', 'packages'], types: ['providers'] },
  providers: { values: ['domain', 'network', 'packages'], types: [] },
  notices: {
    values: ['domain', 'mustache', 'libphonenumber-js', 'node:net', 'node:url'],
    types: [],
  },
  reconciler: {
    values: ['domain', 'database', 'ledger/reads', 'client'],
    types: ['ledger', 'objects', 'providers', 'telemetry'],
  },
  client: {
    values: [
      'domain',
      'workflows/messages',
      '@temporalio/client',
      '@temporalio/common',
      'node:crypto',
    ],
    types: ['workflows'],
  },
  gateway: {
    values: [
      'domain',
      'client',
      'ledger/reads',
      'notices',
      'fastify',
      'fastify-type-provider-zod',
      '@fastify/*',
      '@opentelemetry/api',
      '@tus/server',
      'jose',
      'nanoid',
      'zod',
      'node:*',
    ],
    types: ['everything'],
  },
  console: { values: ['domain', 'client', 'ledger/reads'], types: ['everything'] },
  telemetry: { values: ['domain', 'network', 'packages'], types: ['everything'] },
  servers: { values: ['packages'], types: [] },
  generator: { values: ['domain', 'node:*'], types: [] },
  conventions: { values: ['oxc-parser', 'node:*'], types: [] },
  main: { values: ['everything'], types: [] },
};
