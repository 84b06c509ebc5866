import { nanoid } from 'nanoid';
import { createClient } from '../../src/client/index.js';
import { commands, fileDeletionOf, type OpId } from '../../src/domain/index.js';
import { aFile, begun } from '../operations/a-file.js';
import { play } from '../operations/play.js';
import { type Around, around, type Steps } from '../support/around.js';
import type { RunningWorld } from '../support/running-world.js';
import type { Branch } from './branches.js';
import { reached } from './reached.js';

type File = Awaited<ReturnType<typeof aFile>>;

interface Course {
  readonly end: string;
  readonly payload?: object;
  readonly timeBudget?: number;
  /** Nobody sends its bytes. */
  readonly silent?: true;
  readonly crooked?: (world: RunningWorld, file: File) => Steps;
}

const infected = { kind: 'fail', code: 'infected', message: 'found' };
/** Does not go on before the operation has ended. */
const hanging =
  ({ client }: RunningWorld): Around =>
  (call, opId) =>
    client.result(opId).then(call);
const withdrawing =
  (world: RunningWorld, instead?: Around): Around =>
  async (call, opId) => {
    await world.client.withdraw(opId);
    return instead?.(call, opId) ?? call();
  };

/** Every branch of an upload. */
export const uploadBranches: readonly Branch[] = [
  branch('upload-published', { end: 'settled' }),
  branch('upload-beyond-quota', { end: 'insufficient-funds', payload: { amount: 1_001 } }),
  branch('upload-not-as-announced', {
    end: 'checksum-mismatch',
    payload: { sha256: 'a'.repeat(64) },
  }),
  branch('upload-infected', {
    end: 'infected',
    crooked: () => ({ inspect: () => Promise.resolve(infected) }),
  }),
  branch('upload-expired', { end: 'upload-expired', silent: true, timeBudget: 3_000 }),
  branch('upload-withdrawn', {
    end: 'withdrawn',
    crooked: (world) => ({ claimUpload: withdrawing(world) }),
  }),
  branch('upload-withdrawn-while-assembled', {
    end: 'withdrawn',
    crooked: (world) => ({ join: withdrawing(world, hanging(world)) }),
  }),
  branch('upload-cancelled-at-its-end', {
    end: 'settled',
    crooked: ({ temporal }) => ({
      commitUpload: async (call, opId) => {
        await temporal.workflow.getHandle(opId).cancel();
        return call();
      },
    }),
  }),
  branch('upload-store-away', { end: 'settled', crooked: () => ({ join: failing(2) }) }),
  branch('upload-part-lost-then-released', {
    end: 'release',
    crooked: () => ({ join: () => Promise.reject(new RangeError('part 1 is not in the store')) }),
  }),
  branch('upload-twin-gone', {
    end: 'settled',
    crooked: () => ({ commitUpload: once({ kind: 'conflict', reason: 'twin-gone' }) }),
  }),
  { name: 'file-deleted', walk: (world) => aDeletion(world, 'settled') },
  { name: 'file-unknown', walk: (world) => aDeletion(world, 'file-unknown') },
];

function branch(name: string, { end, payload, timeBudget, silent, crooked }: Course): Branch {
  return {
    name,
    async walk(world) {
      const file = await aFile(world);
      const taskQueue = `queue-${nanoid(8)}`;
      const { temporal, tenant } = world;
      const client = createClient({ temporal, taskQueue, tenant, principal: 'tester' });
      await world.work({ taskQueue, ...around(crooked?.(world, file) ?? {}) });
      const asked = { payload: { ...file.payload, ...payload } };
      const opId = await begun({ client }, asked, timeBudget === undefined ? {} : { timeBudget });
      const played = silent === true ? undefined : play(client, file, opId);
      await reached(world, opId, end);
      await played;
      return opId;
    },
  };
}

async function aDeletion(world: RunningWorld, end: string): Promise<OpId> {
  const file = await aFile(world);
  const upload = await begun(world, file);
  await play(world.client, file, upload);
  const { account } = file;
  const amount = end === 'settled' ? 100 : 99;
  const { payload } = fileDeletionOf({ upload, account, amount });
  const { opId } = await world.client.start({
    ...commands.fileDeletion,
    ...{ idemKey: nanoid(), payload },
  });
  await reached(world, opId, end);
  return opId;
}

/** The store is away for so many calls. */
function failing(times: number): Around {
  let left = times;
  return (call) => {
    left -= 1;
    return left < 0 ? call() : Promise.reject(new Error('the disk is away'));
  };
}

function once(answer: object): Around {
  let left = 1;
  return (call) => {
    left -= 1;
    return left < 0 ? call() : Promise.resolve(answer);
  };
}
