import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { createDatabase } from '../../src/database/index.js';
import { createReads } from '../../src/ledger/reads.js';
import { testConfig } from '../../src/main/config.js';
import { demoEnvironment } from '../../src/main/demo-run.js';
import { createDemoWorld, type DemoWorld } from '../../src/main/demo-world.js';
import { isOperation } from '../../src/main/http-api.js';
import { type Stack, type StackOptions, startStack } from '../../src/main/stack.js';
import { eventually } from './eventually.js';

/** The whole stack as `npm run demo` starts it, for tests that kill parts of it. */
export interface TestStack {
  readonly stack: Stack;
  readonly world: DemoWorld;
  readonly stateDir: string;
  stop(): Promise<void>;
}

/** Starts a stack of its own servers; stop it in afterAll. */
export async function aStack({
  ports = 'free',
  environment,
  ...given
}: Partial<Pick<StackOptions, 'ports' | 'environment' | 'onLine'>> = {}): Promise<TestStack> {
  const { temporalCli, cacheDir } = testConfig();
  const stateDir = await mkdtemp(join(tmpdir(), 'holdfast-stack-'));
  const stack = await startStack({
    ...{ stateDir, temporalCli, cacheDir },
    keep: false,
    ports,
    ...given,
    environment: { ...demoEnvironment, ...environment },
    onProgress: () => undefined,
  });
  const url = stack.readerUrl;
  const database = createDatabase({ url, poolMax: 2, applicationName: 'holdfast-test' });
  return {
    stack,
    stateDir,
    world: await createDemoWorld(stack, createReads(database)),
    async stop() {
      await database.close(1_000);
      await stack.stop();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** What a careful caller does: the same key again until there is an answer. */
export function payUntilAccepted(
  world: DemoWorld,
  payment: Parameters<DemoWorld['accept']>[0],
): Promise<string> {
  const key = nanoid();
  return eventually(
    async () => {
      const { status, body } = await world.accept(payment, key);
      if (!isOperation(body)) throw new Error(`refused with ${status} ${body.code}`);
      return body.opId;
    },
    { timeoutMs: 60_000, everyMs: 200 },
  );
}
