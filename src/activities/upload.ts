import type { Envelope, Fail, FileDeletionCommand, Settled } from '../domain/index.js';
import type { Ledger } from '../ledger/index.js';
import { type DatabaseFault, faultsOf } from './faults.js';

/** The ledger's side of a file: each step one statement, each repeatable. */
export interface UploadLedgerSteps {
  claimUpload: Ledger['claimUpload'];
  completeUpload: Ledger['completeUpload'];
  verifyUpload: Ledger['verifyUpload'];
  settleUpload: Ledger['commitUpload'];
  releaseUpload: Ledger['abortUpload'];
  deletePublishedFile(envelope: Envelope<FileDeletionCommand>): Promise<Settled | Fail>;
}

/** The ledger steps of uploads, and of the deletion of what they published. */
export function uploadActivities(deps: {
  readonly ledger: Ledger;
  readonly classify: (error: unknown) => DatabaseFault;
}): UploadLedgerSteps {
  const { ledger } = deps;
  const { claimUpload, completeUpload, verifyUpload, commitUpload, abortUpload } = ledger;
  return faultsOf(deps.classify, {
    ...{ claimUpload, completeUpload, verifyUpload },
    settleUpload: commitUpload,
    releaseUpload: abortUpload,
    deletePublishedFile: ledger.deleteFile,
  });
}
