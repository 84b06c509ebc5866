import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, createClient, type OperationResult } from '../../src/client/index.js';
import type { Command, OpId } from '../../src/domain/index.js';
import { aDyingWorker } from '../support/a-dying-worker.js';
import { type Around, around, type StepName } from '../support/around.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';

/** One operation of one kind, ready to be started: what it asks, and what must be true after it. */
export interface Case {
  readonly command: Command;
  /** Asserts that it ended as it should, with its effects there once. */
  ended(opId: OpId, result: OperationResult | undefined): Promise<void>;
  /** Asserts that it left nothing: no money moved or held, no charge. */
  cleanSlate(opId: OpId): Promise<void>;
}

/** What the battery needs to know of an operation. */
export interface Conforming {
  readonly name: string;
  /** Its steps, in order. */
  readonly steps: readonly StepName[];
  /** The steps that can be refused by value, with the answer that refuses. */
  readonly refusals: Partial<Record<StepName, (opId: OpId) => unknown>>;
  begin(world: RunningWorld): Promise<Case>;
}

/** The battery that every operation passes: the same tests, whatever its steps are. */
export function conforms(operation: Conforming): void {
  describe(`the battery over ${operation.name}`, () => {
    let world: RunningWorld;
    beforeAll(async () => {
      world = await aRunningWorld({ requestTimeoutMs: 1_000, ladderMs: [50, 100, 200, 400, 800] });
      // For what a case needs before it begins: its accounts and their funds.
      await world.work();
    });
    afterAll(() => world.close());

    test.concurrent('succeeds', async () => {
      const client = await aQueue(world);
      const { command, ended } = await operation.begin(world);

      const { opId } = await client.start(command);

      await ended(opId, await client.result(opId));
      expect(await world.disagreeing()).toEqual([]);
    });
    endsAsItShould(operation, () => world);
    survivesDeath(operation, () => world);
  });
}

function endsAsItShould(operation: Conforming, worldOf: () => RunningWorld): void {
  const refusals = Object.entries(operation.refusals) as [StepName, (opId: OpId) => unknown][];
  test.concurrent.each(refusals)(
    'leaves a clean slate when %s is refused',
    async (step, refusal) => {
      const refused: Around = (_, opId) => Promise.resolve(refusal(opId));
      const client = await aQueue(worldOf(), around({ [step]: refused }));
      const { command, cleanSlate } = await operation.begin(worldOf());

      const { opId } = await client.start(command);

      expect(await client.result(opId)).toMatchObject({ kind: 'fail' });
      await cleanSlate(opId);
    },
  );

  test.concurrent.each(operation.steps)('does no more when %s runs twice', async (step) => {
    const client = await aQueue(worldOf(), around({ [step]: twice }));
    const { command, ended } = await operation.begin(worldOf());

    const { opId } = await client.start(command);

    await ended(opId, await client.result(opId));
    expect(await worldOf().disagreeing()).toEqual([]);
  });

  test.concurrent.each(operation.steps)('ends whole when cancelled at %s', async (step) => {
    const cancelled: Around = async (call, opId) => {
      await worldOf().temporal.workflow.getHandle(opId).cancel();
      return call();
    };
    const client = await aQueue(worldOf(), around({ [step]: cancelled }));
    const { command, ended, cleanSlate } = await operation.begin(worldOf());

    const { opId } = await client.start(command);

    const result = await client.result(opId);
    const withdrawn = result?.kind === 'fail' && 'code' in result && result.code === 'withdrawn';
    await (withdrawn ? cleanSlate(opId) : ended(opId, result));
    expect(await worldOf().disagreeing()).toEqual([]);
  });
}

function survivesDeath(operation: Conforming, worldOf: () => RunningWorld): void {
  const options = { timeout: 90_000 };
  test.concurrent.each(operation.steps)(
    'survives a worker killed after %s',
    options,
    async (step) => {
      const { client, taskQueue } = anEmptyQueue(worldOf());
      const killed = await aDyingWorker(worldOf(), taskQueue, step);
      const { command, ended } = await operation.begin(worldOf());

      const { opId } = await client.start(command);
      expect(await killed()).toBe('SIGKILL');
      await worldOf().work({ taskQueue });

      await ended(opId, await client.result(opId));
      expect(await worldOf().disagreeing()).toEqual([]);
    },
  );
}

const twice: Around = async (call) => {
  await call();
  return call();
};

function anEmptyQueue(world: RunningWorld): { client: Client; taskQueue: string } {
  const taskQueue = `queue-${nanoid(8)}`;
  const { temporal, tenant, keys } = world;
  return { taskQueue, client: createClient({ temporal, taskQueue, tenant, keys }) };
}

async function aQueue(world: RunningWorld, crooked = {}): Promise<Client> {
  const { client, taskQueue } = anEmptyQueue(world);
  await world.work({ ...crooked, taskQueue });
  return client;
}
