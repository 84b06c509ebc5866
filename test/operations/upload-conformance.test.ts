import { expect } from 'vitest';
import { fileDeletionOf, type OpId } from '../../src/domain/index.js';
import type { RunningWorld } from '../support/running-world.js';
import { aFile, begun } from './a-file.js';
import { type Case, conforms, endsRefused, refused } from './conformance.js';
import { play } from './play.js';

const inWhole = ['claimUpload', 'completeUpload', 'beginUploadAttempt', 'join'] as const;

conforms({
  of: 'upload',
  name: 'an upload',
  steps: [...inWhole, 'inspect', 'verifyUpload', 'copy', 'commitUpload'],
  refusals: {
    claimUpload: refused,
    join: () => 'f'.repeat(64),
    inspect: () => ({ kind: 'fail', code: 'infected', message: 'refused' }),
  },
  begin: anUpload,
});

conforms({
  of: 'upload',
  name: 'an upload that is not what was announced',
  steps: [...inWhole, 'abortUpload'],
  deaths: ['join', 'abortUpload'],
  refusals: { claimUpload: refused },
  begin: anotherUpload,
});

conforms({
  of: 'fileDeletion',
  name: 'the deletion of a file',
  steps: ['deleteFile'],
  refusals: { deleteFile: refused },
  begin: aDeletion,
});

async function anUpload(world: RunningWorld): Promise<Case> {
  const file = await aFile(world);
  return {
    payload: file.payload,
    wishes: file.wishes,
    ended: async (opId, result) => {
      expect(result).toMatchObject({ kind: 'settled', minor: 100, currency: 'BYTE' });
      expect(await file.find(opId)).toMatchObject({ stage: 'COMMITTED', version: 4 });
      expect(await file.published(opId)).toEqual(file.bytes);
      expect(await world.available(file.account)).toBe(900);
    },
    cleanSlate: (opId) => isGone(world, file, opId),
  };
}

async function anotherUpload(world: RunningWorld): Promise<Case> {
  const file = await aFile(world);
  const cleanSlate = (opId: OpId) => isGone(world, file, opId);
  return {
    payload: { ...file.payload, sha256: 'a'.repeat(64) },
    wishes: file.wishes,
    cleanSlate,
    ended: endsRefused('checksum-mismatch', cleanSlate),
  };
}

async function isGone(world: RunningWorld, file: Awaited<ReturnType<typeof aFile>>, opId: OpId) {
  expect([undefined, 'ABORTED']).toContain((await file.find(opId))?.stage);
  expect(await world.available(file.account)).toBe(1_000);
}

async function aDeletion(world: RunningWorld): Promise<Case> {
  const file = await aFile(world);
  const { account } = file;
  const upload = await begun(world, file);
  const result = await play(world.client, file, upload);
  expect(result).toMatchObject({ kind: 'settled' });
  return {
    payload: fileDeletionOf({ upload, account, amount: 100 }).payload,
    ended: async (_, ended) => {
      expect(ended).toMatchObject({ kind: 'settled', minor: 100 });
      expect(await file.find(upload)).toMatchObject({ stage: 'DELETED', version: 5 });
      expect(await world.available(account)).toBe(1_000);
    },
    cleanSlate: async () => {
      expect(await file.find(upload)).toMatchObject({ stage: 'COMMITTED' });
      expect(await world.available(account)).toBe(900);
    },
  };
}
