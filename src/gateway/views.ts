import type { z } from 'zod';
import type { OperationDescription } from '../client/index.js';
import type { Command, OpId } from '../domain/index.js';
import type { UploadRow } from '../ledger/index.js';
import type { AccountRow, OperationRow, OutcomeRow } from '../ledger/reads.js';
import type { accountBody, balanceBody, operationBody } from './schemas.js';

export type OperationView = z.input<typeof operationBody>;
export type AccountView = z.input<typeof accountBody>;
export type BalanceView = z.input<typeof balanceBody>;

/** An operation as its row says it. */
export function viewOfRow(row: OperationRow): OperationView {
  const { opId, domain, eventType, bizKey, state, acceptedAt, updatedAt, version } = row;
  return {
    opId,
    domain,
    eventType,
    bizKey,
    state,
    ...(row.phase !== null && { phase: row.phase }),
    ...(row.deferredUntil !== null && { deferredUntil: row.deferredUntil }),
    ...(row.outcome !== null && { outcome: outcomeOf(row.outcome) }),
    ...(row.account !== null && { account: row.account }),
    ...(row.amount !== null && { amount: row.amount }),
    ...(row.currency !== null && { currency: row.currency }),
    acceptedAt,
    updatedAt,
    version,
    links: linksOf(opId, row.account ?? undefined),
  };
}

/** An operation whose first step has not run: Temporal alone knows it. */
export function viewOfDescription(known: OperationDescription): OperationView {
  const { opId, domain, eventType, bizKey, state, account, amount, currency } = known;
  const acceptedAt = new Date(known.acceptedAt).toISOString();
  return {
    opId,
    domain,
    eventType,
    bizKey,
    state,
    ...(known.outcome !== undefined && { outcome: outcomeOf(known.outcome) }),
    ...(account !== undefined && { account }),
    ...(amount !== undefined && { amount }),
    ...(currency !== undefined && { currency }),
    acceptedAt,
    updatedAt: acceptedAt,
    version: 0,
    links: linksOf(opId, account),
  };
}

/** An operation that was accepted this moment. */
export function viewOfCommand(opId: OpId, command: Command): OperationView {
  const { domain, eventType, bizKey = opId, payload } = command;
  const { account, amount, currency } = payload as Partial<OperationView>;
  const acceptedAt = new Date().toISOString();
  return {
    opId,
    domain,
    eventType,
    bizKey,
    state: 'PENDING',
    ...(account !== undefined && { account }),
    ...(amount !== undefined && { amount, currency }),
    ...(currency !== undefined && { currency }),
    acceptedAt,
    updatedAt: acceptedAt,
    version: 0,
    links: linksOf(opId, account),
  };
}

/** How far an upload is. */
export function viewOfUpload(row: UploadRow): NonNullable<OperationView['upload']> {
  const { opId, received, size, stage, version, sha256, mediaType, expiresAt } = row;
  return {
    ...{ received, size, stage, version, expiresAt },
    ...(sha256 !== null && { sha256 }),
    ...(mediaType !== null && { mediaType }),
    links: {
      upload: `/v1/uploads/${opId}`,
      ...(stage === 'COMMITTED' && { file: `/v1/files/${opId}` }),
    },
  };
}

export function viewOfAccount({ owner, ...row }: AccountRow): AccountView {
  return { ...row, ...(owner !== null && { owner }) };
}

export const operationPath = (opId: OpId | string) => `/v1/operations/${opId}`;
export const accountPath = (id: string) => `/v1/accounts/${id}`;

function outcomeOf({ minor, ...outcome }: OutcomeRow): OperationView['outcome'] {
  return {
    ...outcome,
    ...(outcome.kind === 'settled' && minor !== undefined && { amount: minor }),
  };
}

function linksOf(opId: OpId, account: string | undefined): OperationView['links'] {
  return {
    self: operationPath(opId),
    ...(account !== undefined && { account: accountPath(account) }),
  };
}
