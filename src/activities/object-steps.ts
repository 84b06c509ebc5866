import { Context } from '@temporalio/activity';
import {
  type Assembled,
  type Fail,
  fileKeyOf,
  type Inspected,
  type OpId,
  type Published,
  quarantineKeyOf,
  thumbKeyOf,
} from '../domain/index.js';
import type { Ledger, UploadReads, UploadRow } from '../ledger/index.js';
import type { Tell, UploadFiles } from '../objects/index.js';
import { alive } from './alive.js';
import { type DatabaseFault, faultsOf } from './faults.js';

type Whole = Omit<Assembled, 'kind'>;
type Lies = Omit<Published, 'version'>;

/**
 * The object store's side of an upload. Each may run any number of times, also at once with one of
 * before that was thought dead.
 */
export interface ObjectSteps {
  assembleUpload(opId: OpId): Promise<Assembled | Fail>;
  inspectUpload(opId: OpId, whole: Whole): Promise<Inspected | Fail>;
  publishUpload(opId: OpId, whole: Whole): Promise<Lies>;
}

export interface ObjectStepsDeps {
  readonly ledger: Pick<Ledger, 'beginUploadAttempt'>;
  readonly uploads: UploadReads;
  readonly files: UploadFiles;
  readonly classify: (error: unknown) => DatabaseFault;
}

/** The steps over a store, seen alive as they go on. */
export function objectActivities(deps: ObjectStepsDeps): ObjectSteps {
  const { uploads, files } = deps;
  return faultsOf(causeOf(deps.classify), {
    assembleUpload: async (opId: OpId): Promise<Assembled | Fail> => {
      const row = await uploads.known(opId);
      let bytes = 0;
      const tell = (more: number) => {
        bytes += more;
      };
      const whole = await alive(wholeOf(deps, row, tell), () => bytes);
      const { declaredSha256 } = row;
      if ('kind' in whole) return whole;
      if (declaredSha256 === null || declaredSha256 === whole.sha256) {
        return { kind: 'assembled', ...whole };
      }
      const message = 'the whole hashes to something else than was announced';
      return { kind: 'fail', code: 'checksum-mismatch', message };
    },
    inspectUpload: async (opId: OpId, { attempt }: Whole) => {
      const { declaredType } = await uploads.known(opId);
      const [key, thumbKey] = [quarantineKeyOf(opId, attempt), thumbKeyOf(opId, attempt)];
      return alive(files.inspect({ key, thumbKey, declaredType }));
    },
    publishUpload: async (opId: OpId, whole: Whole): Promise<Lies> => {
      const { tenant } = await uploads.known(opId);
      const { attempt, size, sha256 } = whole;
      const twin = await uploads.twin(tenant, sha256, size);
      if (twin !== undefined && (await alive(files.isThere(twin.objectKey, size)))) {
        return { kind: 'published', attempt, objectKey: twin.objectKey, twin: twin.opId };
      }
      const objectKey = fileKeyOf(opId, attempt);
      await alive(files.copy(quarantineKeyOf(opId, attempt), objectKey));
      return { kind: 'published', attempt, objectKey };
    },
  });
}

/** The last assembly where it is whole, another one where it is not. */
async function wholeOf(
  deps: ObjectStepsDeps,
  { opId, size, attempt, stage }: UploadRow,
  tell: Tell,
): Promise<Whole | Fail> {
  const { ledger, uploads, files } = deps;
  if (stage !== 'UPLOADED') {
    return { kind: 'fail', code: 'invalid-state', message: 'it has gone on meanwhile' };
  }
  const last = await files.hashOf(quarantineKeyOf(opId, attempt), size, tell);
  if (last !== undefined) return { attempt, size, sha256: last };
  const begun = await ledger.beginUploadAttempt(opId, attempt);
  // Another one has begun meanwhile: what it made is looked at first.
  if (begun.kind === 'conflict') return wholeOf(deps, await uploads.known(opId), tell);
  const key = quarantineKeyOf(opId, begun.attempt);
  const parts = await uploads.parts(opId);
  const { cancellationSignal } = Context.current();
  const sha256 = await files.join(parts, { key, size }, tell, cancellationSignal);
  return { attempt: begun.attempt, size, sha256 };
}

/** What is neither of the database nor a bug of ours is of the store: it passes with time. */
function causeOf(classify: (error: unknown) => DatabaseFault) {
  return (error: unknown) => {
    const fault = classify(error);
    return fault === 'bug' && !(error instanceof RangeError) ? 'store-away' : fault;
  };
}
