import { expect } from 'vitest';
import {
  type Envelope,
  fileKeyOf,
  partKeyOf,
  sha256Hex,
  type UploadCommand,
} from '../../src/domain/index.js';
import { createUploadDesk, type UploadDesk } from '../../src/ledger/index.js';
import type { aWorld, Tenant, World } from './world.js';

type Upload = Envelope<UploadCommand>;

/** Uploads of one tenant, brought as far as a test wants them. */
export function uploadsOf(world: World, tenant: Tenant) {
  const { ledger } = world;
  const desk: UploadDesk = createUploadDesk(world.database);
  const content = sha256Hex('the content');
  const uploads = {
    desk,
    content,
    record: (
      upload: Upload,
      start: number,
      size: number,
      key = partKeyOf(upload.opId, start, 'a'),
    ) =>
      desk.recordPart({
        ...{ tenant: tenant.tenant, opId: upload.opId, start, size, key },
        sha256: sha256Hex(`${start} ${size}`),
      }),
    find: (upload: Upload) => desk.find(tenant.tenant, upload.opId),
    claimed: async (...asked: Parameters<typeof tenant.upload>): Promise<Upload> => {
      const upload = tenant.upload(...asked);
      expect(await ledger.claimUpload(upload)).toMatchObject({ kind: 'claimed' });
      return upload;
    },
    uploaded: async (...asked: Parameters<typeof tenant.upload>): Promise<Upload> => {
      const upload = await uploads.claimed(...asked);
      const { amount } = upload.command.payload;
      expect(await uploads.record(upload, 0, amount)).toMatchObject({ kind: 'recorded' });
      expect(await ledger.completeUpload(upload.opId, 1)).toMatchObject({ version: 2 });
      return upload;
    },
    seenOf: ({ command }: Upload, attempt = 1) => ({
      ...{ attempt, size: command.payload.amount, sha256: content, mediaType: 'text/plain' },
    }),
    verified: async (...asked: Parameters<typeof tenant.upload>): Promise<Upload> => {
      const upload = await uploads.uploaded(...asked);
      expect(await ledger.beginUploadAttempt(upload.opId, 0)).toMatchObject({ attempt: 1 });
      const verified = await ledger.verifyUpload(upload.opId, 2, uploads.seenOf(upload));
      expect(verified).toMatchObject({ stage: 'VERIFIED', version: 3 });
      return upload;
    },
    proofOf: ({ opId }: Upload) =>
      ({ kind: 'published', version: 3, attempt: 1, objectKey: fileKeyOf(opId, 1) }) as const,
    committed: async (...asked: Parameters<typeof tenant.upload>): Promise<Upload> => {
      const upload = await uploads.verified(...asked);
      const settled = await ledger.commitUpload(upload.opId, uploads.proofOf(upload));
      expect(settled).toMatchObject({ kind: 'settled' });
      return upload;
    },
  };
  return uploads;
}

/** A tenant whose `alice` has room for ten files of a test, and its uploads. */
export async function aQuotaOf(here: ReturnType<typeof aWorld>) {
  const tenant = here.aTenant();
  await tenant.open('alice', { funds: 1_000, currency: 'BYTE' });
  return { tenant, ...uploadsOf(here.world, tenant) };
}
