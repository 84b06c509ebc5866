import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, createClient, type OperationResult } from '../../src/client/index.js';
import { commands, type OpId, referenceOf } from '../../src/domain/index.js';
import { violationsOf } from '../chaos/cells.js';
import { befallen, sweepTimeoutMs } from '../chaos/message-sweep.js';
import { aDyingWorker } from '../support/a-dying-worker.js';
import { type Around, inside, type StepName, type Steps } from '../support/around.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import { play, said, wrongs } from './play.js';

/** One operation of one kind, ready to be started: what it asks, and what must be true after it. */
export interface Case {
  readonly payload: object;
  /** What is sealed of it. */
  readonly sealed?: object;
  /** What it waits for midway, in order: each is said until it is taken or the end is there. */
  readonly wishes?: readonly ((opId: OpId) => Promise<{ readonly kind: string }>)[];
  /** Asserts that it ended as it should, with its effects there once; cancelled, perhaps early. */
  ended(opId: OpId, result: OperationResult | undefined, cancelled?: 'cancelled'): Promise<void>;
  /** Asserts that it left nothing: no money moved or held, at the provider nothing taken. */
  cleanSlate(opId: OpId): Promise<void>;
}

/** What the battery needs to know of an operation. */
export interface Conforming {
  readonly of: keyof typeof commands;
  readonly name: string;
  /** Every step that it takes, in the order of their first time. */
  readonly steps: readonly StepName[];
  /** After which of them a worker dies; all, but for a beginning that another one has as well. */
  readonly deaths?: readonly StepName[];
  /** The steps that can be refused by value, with the answer that refuses. */
  readonly refusals: Partial<Record<StepName, (opId: OpId) => unknown>>;
  begin(world: RunningWorld): Promise<Case>;
}

/** The ledger says no. */
export const refused = () => ({ kind: 'fail', code: 'insufficient-funds', message: 'refused' });
/** The provider declines this step. */
export const declined = (step: string) => (opId: OpId) => ({
  kind: 'ok',
  value: { kind: 'declined', reference: referenceOf(opId, step, 1), declineCode: 'refused' },
});

/** For an operation whose end is a refusal, which leaves nothing. */
export const endsRefused = (code: string, cleanSlate: Case['cleanSlate']): Case['ended'] => {
  return async (opId, result) => {
    expect(result).toMatchObject({ kind: 'fail', code });
    await cleanSlate(opId);
  };
};

/** A world, and what its worker does in place of the steps of which operation. */
interface Stage {
  readonly world: RunningWorld;
  readonly within: Map<OpId, (name: StepName) => Around | undefined>;
}

/** The battery that every operation passes: the same tests, whatever its steps are. */
export function conforms(operation: Conforming): void {
  describe(`the battery over ${operation.name}`, () => {
    let stage: Stage;
    beforeAll(async () => {
      // A busy machine must not make a doubt of an answer that is merely slow.
      const world = await aRunningWorld({
        requestTimeoutMs: 10_000,
        ladderMs: [50, 100, 200, 400, 800],
      });
      stage = { world, within: new Map() };
      await world.work(inside((name, opId) => stage.within.get(opId)?.(name)));
    });
    afterAll(() => stage.world.close());

    test.concurrent('succeeds, and takes the steps that are named', async () => {
      const taken = new Set<StepName>();
      const noted = (name: StepName): Around => {
        return (call) => {
          taken.add(name);
          return call();
        };
      };

      const { opId, result, ended } = await played(stage, operation, noted);

      await ended(opId, await result);
      expect(await wrongs(stage.world, opId)).toEqual([]);
      expect([...taken]).toEqual(operation.steps);
    });
    endsAsItShould(operation, () => stage);
    survivesDeath(operation, () => stage);
    survivesFaults(operation);
  });
}

function endsAsItShould(operation: Conforming, stageOf: () => Stage): void {
  const refusals = Object.entries(operation.refusals) as [StepName, (opId: OpId) => unknown][];
  test.concurrent.each(refusals)(
    'leaves a clean slate when %s is refused',
    async (step, refusal) => {
      let tell = () => {};
      const asked = new Promise<void>((resolve) => {
        tell = resolve;
      });
      const refusing: Around = async (_, id) => {
        tell();
        return refusal(id);
      };
      const stage = stageOf();
      const begun = await played(stage, operation, only({ [step]: refusing }));
      const { opId, result, cleanSlate } = begun;
      await asked;
      // What is held stays so when a capture is refused: then whoever asked gives up.
      await said(result, () => stage.world.client.withdraw(opId));

      expect(await result).toMatchObject({ kind: 'fail' });
      await cleanSlate(opId);
      expect(await wrongs(stage.world, opId)).toEqual([]);
    },
  );

  test.concurrent.each(operation.steps)('does no more when %s runs twice', async (step) => {
    const stage = stageOf();

    const { opId, result, ended } = await played(stage, operation, only({ [step]: twice }));

    await ended(opId, await result);
    expect(await wrongs(stage.world, opId)).toEqual([]);
  });

  test.concurrent.each(operation.steps)('ends whole when cancelled at %s', async (step) => {
    const stage = stageOf();
    const cancelled: Around = async (call, opId) => {
      await stage.world.temporal.workflow.getHandle(opId).cancel();
      return call();
    };

    const begun = await played(stage, operation, only({ [step]: cancelled }));
    const { opId, ended, cleanSlate } = begun;

    const result = await begun.result;
    const withdrawn = result?.kind === 'fail' && 'code' in result && result.code === 'withdrawn';
    await (withdrawn ? cleanSlate(opId) : ended(opId, result, 'cancelled'));
    expect(await wrongs(stage.world, opId)).toEqual([]);
  });
}

function survivesDeath(operation: Conforming, stageOf: () => Stage): void {
  const options = { timeout: 180_000 };
  test.concurrent.each(operation.deaths ?? operation.steps)(
    'survives a worker killed after %s',
    options,
    async (step) => {
      const stage = stageOf();
      const { world } = stage;
      const taskQueue = `queue-${nanoid(8)}`;
      const killed = await aDyingWorker(world, taskQueue, step);
      const { temporal, tenant, keys } = world;
      const client = createClient({ temporal, taskQueue, tenant, principal: 'tester', keys });

      const { opId, result, ended } = await played(stage, operation, only({}), client);
      expect(await killed()).toBe('SIGKILL');
      const stop = await world.work({ taskQueue });

      await ended(opId, await result);
      expect(await wrongs(stage.world, opId)).toEqual([]);
      await stop();
    },
  );
}

function survivesFaults(operation: Conforming): void {
  const options = { timeout: sweepTimeoutMs };
  test.concurrent('ends as it should whatever befalls a message', options, async ({ task }) => {
    task.meta.befallen = await befallen(operation);

    expect(violationsOf(task.meta.befallen)).toEqual([]);
  });
}

/** Starts one, with its wishes said as it goes on. */
async function played(
  { world, within }: Stage,
  operation: Conforming,
  inPlace: (name: StepName) => Around | undefined,
  client: Client = world.client,
) {
  const begun = await operation.begin(world);
  const { domain, eventType } = commands[operation.of];
  const command = { domain, eventType, idemKey: nanoid(), payload: begun.payload };
  const options = begun.sealed === undefined ? {} : { sealed: begun.sealed };
  within.set(client.identify(command).opId, inPlace);
  const { opId } = await client.start(command, options);
  return { ...begun, opId, result: play(client, begun, opId) };
}

const only = (steps: Steps) => (name: StepName) => steps[name];

const twice: Around = async (call) => {
  await call();
  return call();
};
