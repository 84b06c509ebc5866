import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { Tally } from '../test/support/tally.js';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    // Processes, since Temporal's native worker does not share one with another test file.
    pool: 'forks',
    maxWorkers: 2,
    globalSetup: ['test/support/global-setup.ts'],
    // A machine that is busy is no failure: what hangs is found all the same.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    allowOnly: false,
    passWithNoTests: false,
    reporters: ['default', new Tally()],
  },
});
