/**
 * @module ledger: the only writer of money: a file per verb, each one statement.
 * lives here: tables, verbs with their SQL beside them, reads
 * may touch: domain, database; its own tables
 * never: a transaction of several statements, the provider, a read of money that decides outside
 * proved in: test/ledger, on a real PostgreSQL
 */
import type { Database } from '../database/index.js';
import { endApproval } from './approval.js';
import { writeAttempt } from './attempt.js';
import { beginCapture } from './capture.js';
import { chooseMethod } from './choose-method.js';
import { editAccount } from './edit-account.js';
import { extendHold } from './extend-hold.js';
import { fund } from './fund.js';
import { hold, holdPayout, holdRefund } from './hold.js';
import { beginLate, endLate } from './late.js';
import { acceptNotice, beginDelivery, finishNotice, recordDelivery } from './notice.js';
import { notePhase } from './note-phase.js';
import { openAccount } from './open-account.js';
import { readEnd } from './read-end.js';
import { readPaid } from './read-paid.js';
import { release } from './release.js';
import { endRide, holdRide, requestRide } from './ride.js';
import { schedule } from './schedule.js';
import { settle } from './settle.js';
import {
  abortUpload,
  beginUploadAttempt,
  claimUpload,
  commitUpload,
  completeUpload,
  deleteFile,
  verifyUpload,
} from './upload.js';
import { orderVerbs } from './order.js';
// new operations go above this line

export { type Alert, type Alerts, createAlerts, createPulse } from './alert.js';
export { type Approvals, createApprovals, type Waiting } from './approval.js';
export { createBreakerStore } from './breaker.js';
export { type CaseAnswer, type CaseRow, type Cases, createCases } from './case.js';
export type { CaptureRequest } from './capture.js';
export type { Edited } from './edit-account.js';
export { createDeadLetters, type DeadLetters } from './dead-letters.js';
export { createEvents } from './events.js';
export { createKnownCharges, type KnownCharge, type ReadKnownCharges } from './known-charges.js';
export {
  createFindingDesk,
  createFindings,
  type FindingAlert,
  type FindingDesk,
  type FindingRow,
  type Findings,
  type SeenFinding,
} from './finding.js';
export type { Funded } from './fund.js';
export { createLetters, createSides, type Letter, type ReadLetter } from './notice.js';
export { type BreakerDesk, type BreakerStanding, createBreakerDesk } from './operate-breaker.js';
export { createPrune, type Prune } from './prune.js';
export type { Opened } from './open-account.js';
export {
  createOpenOperations,
  type OpenOperation,
  type OpenOperations,
} from './open-operations.js';
export { createNoticeDesk, type NoticeDesk } from './recipient.js';
export { createStanding, type Standing } from './standing.js';
export { createUploadDesk, type UploadDesk } from './upload-desk.js';
export { createUploadReads, type UploadReads } from './upload-reads.js';
export type { UploadRow } from './upload-rows.js';
export {
  createInbox,
  type Inbox,
  type StoredWebhook,
  type WebhookVerdict,
} from './webhook.js';

/**
 * The verbs over one database. Each is one statement, gives the first answer for ever, and refuses
 * by value.
 */
export function createLedger(database: Database) {
  return {
    openAccount: openAccount(database),
    fund: fund(database),
    editAccount: editAccount(database),
    schedule: schedule(database),
    hold: hold(database),
    holdRefund: holdRefund(database),
    holdPayout: holdPayout(database),
    readEnd: readEnd(database),
    readPaid: readPaid(database),
    requestRide: requestRide(database),
    holdRide: holdRide(database),
    endRide: endRide(database),
    endApproval: endApproval(database),
    chooseMethod: chooseMethod(database),
    beginCapture: beginCapture(database),
    extendHold: extendHold(database),
    writeAttempt: writeAttempt(database),
    beginLate: beginLate(database),
    endLate: endLate(database),
    settle: settle(database),
    release: release(database),
    notePhase: notePhase(database),
    claimUpload: claimUpload(database),
    completeUpload: completeUpload(database),
    beginUploadAttempt: beginUploadAttempt(database),
    verifyUpload: verifyUpload(database),
    commitUpload: commitUpload(database),
    abortUpload: abortUpload(database),
    deleteFile: deleteFile(database),
    acceptNotice: acceptNotice(database),
    beginDelivery: beginDelivery(database),
    recordDelivery: recordDelivery(database),
    finishNotice: finishNotice(database),
    ...orderVerbs(database),
    // new operations go above this line
  } as const;
}

export type Ledger = ReturnType<typeof createLedger>;
