import type { Database } from '../database/index.js';
import type {
  Advanced,
  Assembled,
  Assembling,
  Claimed,
  Conflict,
  Envelope,
  Fail,
  FileDeletionCommand,
  Incomplete,
  Inspected,
  OpId,
  Published,
  Released,
  ReleaseBecause,
  ReleasedByHand,
  Settled,
  SettledByHand,
  UploadCommand,
} from '../domain/index.js';

/**
 * Sets the file's bytes aside and opens the upload. Refuses as `hold`, and: upload-expired. Met
 * again it says where the upload stands by now; one that has ended answers with its end.
 */
export function claimUpload(database: Database) {
  return (envelope: Envelope<UploadCommand>): Promise<Claimed | Settled | Fail> =>
    database.call('ledger.claim_upload_v1', envelope);
}

/** Counts the assembly after the one that the caller saw; a conflict when it has gone on since. */
export function beginUploadAttempt(database: Database) {
  return (opId: OpId, after: number): Promise<Assembling | Conflict> =>
    database.call('ledger.begin_upload_attempt_v1', opId, after);
}

/** What the bytes of an upload turned out to be. */
type UploadSeen = Omit<Assembled, 'kind'> & Pick<Inspected, 'mediaType'>;

/** Every byte is recorded, or some are missing still. `version` is the one that the caller saw. */
export function completeUpload(database: Database) {
  return (opId: OpId, version: number): Promise<Advanced | Incomplete | Conflict> =>
    database.call('ledger.advance_upload_v1', opId, version, 'UPLOADED', {});
}

/** The last assembly is whole, as declared, and harmless. */
export function verifyUpload(database: Database) {
  return (opId: OpId, version: number, seen: UploadSeen): Promise<Advanced | Conflict> =>
    database.call('ledger.advance_upload_v1', opId, version, 'VERIFIED', seen);
}

/** Publishes the file and settles its bytes. `twin-gone` when the file it shares was deleted. */
export function commitUpload(database: Database) {
  return (opId: OpId, proof: Published | SettledByHand): Promise<Settled | Conflict> =>
    database.call('ledger.commit_upload_v1', opId, proof);
}

/** Ends an upload that is not published, and gives its bytes back; no part is recorded any more. */
export function abortUpload(database: Database) {
  return (
    envelope: Envelope,
    because: ReleaseBecause | ReleasedByHand,
  ): Promise<Released | Settled | Conflict | Fail> =>
    database.call('ledger.abort_upload_v1', envelope, because);
}

/** Deletes a published file. Refuses: file-unknown, invalid-state, insufficient-funds. */
export function deleteFile(database: Database) {
  return (envelope: Envelope<FileDeletionCommand>): Promise<Settled | Fail> =>
    database.call('ledger.delete_file_v1', envelope);
}
