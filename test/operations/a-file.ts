import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { type AccountId, commands, type OpId, partKeyOf } from '../../src/domain/index.js';
import { createUploadDesk } from '../../src/ledger/index.js';
import type { RunningWorld } from '../support/running-world.js';

/** Some bytes on their way into a world, with a quota of 1,000 for them. */
export async function aFile(
  world: RunningWorld,
  given: { account?: AccountId; bytes?: Buffer } = {},
) {
  const { store, client, tenant } = world;
  const { account = await world.account(1_000, { currency: 'BYTE' }) } = given;
  const { bytes = randomBytes(100) } = given;
  const desk = createUploadDesk(world.database.database);
  const sha256 = hashOf(bytes);
  const sent = async (opId: OpId, start: number, end: number) => {
    const piece = bytes.subarray(start, end);
    const key = partKeyOf(opId, start, randomBytes(8).toString('hex'));
    const lies = await store.put(key, chunksOf(piece), piece.length);
    const answer = await desk.recordPart({ ...lies, tenant, opId, start });
    return { kind: answer.kind === 'recorded' || answer.kind === 'duplicate' ? 'accepted' : 'no' };
  };
  return {
    account,
    bytes,
    sha256,
    desk,
    payload: {
      ...{ account, amount: bytes.length, currency: 'BYTE', sha256 },
      mediaType: 'application/octet-stream',
    },
    find: (opId: OpId) => desk.find(tenant, opId),
    sent,
    /** Sends it in two parts, and says that it is whole. */
    wishes: [
      (opId: OpId) => sent(opId, 0, 60),
      async (opId: OpId) => {
        const last = await sent(opId, 60, bytes.length);
        await client.uploadComplete(opId);
        return last;
      },
    ],
    /** What was published of it. */
    async published(opId: OpId): Promise<Buffer | undefined> {
      const { objectKey } = (await desk.find(tenant, opId)) ?? { objectKey: null };
      const stored = objectKey === null ? undefined : await store.read(objectKey);
      return stored && buffer(stored as AsyncIterable<Buffer>);
    },
  };
}

/** Starts the upload of a file, with another payload where one is given. */
export async function begun(
  { client }: Pick<RunningWorld, 'client'>,
  { payload }: { readonly payload: object },
  options: { readonly timeBudget?: number } = {},
): Promise<OpId> {
  const { domain, eventType } = commands.upload;
  const idemKey = `upload-${randomBytes(8).toString('hex')}`;
  const command = { domain, eventType, idemKey, payload };
  return (await client.start(command, { timeBudget: 24 * 3_600_000, ...options })).opId;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Bytes as they come. */
export async function* chunksOf(bytes: Uint8Array) {
  yield bytes;
}
