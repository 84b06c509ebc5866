// A file on its way in, and what is certain of it. Its bytes go elsewhere; here are only their
// number, their checksum and their kind.

import type { Command } from './command.js';
import { commands } from './command.js';
import { type Parsed, readObject } from './faults.js';
import type { AccountId, OpId } from './ids.js';

/** CLAIMED -> UPLOADED -> VERIFIED -> COMMITTED -> DELETED; ABORTED from any before COMMITTED. */
export const uploadStages = [
  'CLAIMED',
  'UPLOADED',
  'VERIFIED',
  'COMMITTED',
  'ABORTED',
  'DELETED',
] as const;
export type UploadStage = (typeof uploadStages)[number];

/** What an upload asks for: room for so many bytes, and what they are to be. */
export interface UploadPayload {
  /** Whose quota they are counted against. */
  readonly account: AccountId;
  /** Bytes. */
  readonly amount: number;
  readonly currency: 'BYTE';
  /** What the whole hashes to, hex. */
  readonly sha256?: string;
  /** What sort of file it is said to be; what it is, its first bytes tell. */
  readonly mediaType?: string;
}

export type UploadCommand = Command<UploadPayload> & {
  readonly domain: typeof commands.upload.domain;
  readonly eventType: typeof commands.upload.eventType;
};

/** A request for an upload, read: the command, and what must be sealed. */
export interface UploadRequest {
  readonly command: UploadCommand;
  readonly sealed?: { readonly name?: string; readonly metadata?: Record<string, string> };
}

/** What a deletion asks for: a published file gone, and its bytes back on the account. */
export interface FileDeletionPayload {
  readonly upload: OpId;
  readonly account: AccountId;
  /** The bytes of the file. */
  readonly amount: number;
  readonly currency: 'BYTE';
}

export type FileDeletionCommand = Command<FileDeletionPayload> & {
  readonly domain: typeof commands.fileDeletion.domain;
  readonly eventType: typeof commands.fileDeletion.eventType;
};

const nameLengthMax = 255;
const mediaTypeLengthMax = 127;
const mediaTypeForm = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/;
const sha256Form = /^[0-9a-f]{64}$/;
const uploadFields = ['account', 'size', 'sha256', 'mediaType', 'name', 'metadata', 'bizKey'];

/** The one door from what a caller says of a file to an upload: typed, or every fault it has. */
export function parseUploadCommand(body: unknown, idemKey: string): Parsed<UploadRequest> {
  return readObject(body, uploadFields, (read) => {
    const sha256 = read.optional('sha256', (path) => read.label(path, 64, sha256Form));
    const mediaType = read.optional('mediaType', (path) =>
      read.label(path, mediaTypeLengthMax, mediaTypeForm),
    );
    const bizKey = read.optional('bizKey', (path) => read.label(path, 255));
    const name = read.optional('name', (path) => read.words(path, nameLengthMax));
    const metadata = read.optional('metadata', read.texts);
    const sealed = {
      ...(name !== undefined && { name }),
      ...(metadata !== undefined && { metadata }),
    };
    const { domain, eventType } = commands.upload;
    const payload: UploadPayload = {
      ...{ account: read.account('account'), amount: read.amount('size'), currency: 'BYTE' },
      ...(sha256 !== undefined && { sha256 }),
      ...(mediaType !== undefined && { mediaType }),
    };
    return {
      command: { domain, eventType, idemKey, payload, ...(bizKey !== undefined && { bizKey }) },
      ...(Object.keys(sealed).length > 0 && { sealed }),
    };
  });
}

/** The deletion of a published file: once for ever, whoever asks under whatever key. */
export function fileDeletionOf(file: Omit<FileDeletionPayload, 'currency'>): FileDeletionCommand {
  const { domain, eventType } = commands.fileDeletion;
  const payload = { ...file, currency: 'BYTE' } as const;
  return { domain, eventType, idemKey: `delete:${file.upload}`, bizKey: file.upload, payload };
}

/** The file's bytes are set aside; where the upload stands by now. */
export interface Claimed {
  readonly kind: 'claimed';
  readonly opId: OpId;
  readonly account: AccountId;
  readonly minor: number;
  readonly currency: 'BYTE';
  readonly stage: UploadStage;
  readonly version: number;
  readonly received: number;
  readonly attempt: number;
  /** From VERIFIED on. */
  readonly sha256?: string;
  readonly mediaType?: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly replayed?: true;
}

/** An upload reached its next stage. */
export interface Advanced {
  readonly kind: 'advanced';
  readonly opId: OpId;
  readonly stage: UploadStage;
  readonly version: number;
}

/** Bytes are missing still. */
export interface Incomplete {
  readonly kind: 'incomplete';
  readonly received: number;
}

/** An assembly may begin, under a key of its own. */
export interface Assembling {
  readonly kind: 'assembling';
  readonly opId: OpId;
  readonly attempt: number;
}

/** All parts are one object in quarantine. */
export interface Assembled {
  readonly kind: 'assembled';
  readonly attempt: number;
  readonly size: number;
  readonly sha256: string;
}

/** It is what it was said to be, and harmless as far as anybody could tell. */
export interface Inspected {
  readonly kind: 'inspected';
  readonly mediaType: string;
}

/** The object lies where it is read from: the proof that its bytes are settled with. */
export interface Published {
  readonly kind: 'published';
  readonly version: number;
  readonly attempt: number;
  readonly objectKey: string;
  /** The file whose object it is as well. */
  readonly twin?: OpId;
}

/** What became of a part that lies in the store. */
export interface PartAnswer {
  readonly kind:
    | 'recorded'
    /** The same bytes were recorded before, under another key. */
    | 'duplicate'
    /** Nothing more is taken: whole, expired, or ended. */
    | 'closed'
    | 'stale-offset'
    | 'too-long'
    | 'too-many-parts'
    | 'missing';
  /** How much of the file is kept now; `missing` has none of these. */
  readonly received?: number;
  readonly size?: number;
  readonly stage?: UploadStage;
}

/** Of which a person sees the pixels: these must decode as well. */
const imageTypes: ReadonlySet<string> = new Set([
  ...['image/jpeg', 'image/jpg', 'image/png', 'image/webp', 'image/gif', 'image/tiff'],
  'image/avif',
]);

/** Whether a file of this type must decode, and can have a thumbnail. */
export function isImage(mediaType: string): boolean {
  return imageTypes.has(mediaType);
}

/** Where the n-th piece of an upload lies; `random`, in lower case, makes it this writer's own. */
export function partKeyOf(opId: OpId, n: number, random: string): string {
  return `${partsPrefix}${opId}/${n}-${random}`;
}

/** Where one assembly of an upload lies until it is published. */
export function quarantineKeyOf(opId: OpId, attempt: number): string {
  return `${quarantinePrefix}${opId}/${attempt}`;
}

/** Where a published file lies. */
export function fileKeyOf(opId: OpId, attempt: number): string {
  return `${filesPrefix}${opId}/${attempt}`;
}

/** Where the thumbnail of an image lies; each upload has its own, also of a shared object. */
export function thumbKeyOf(opId: OpId, attempt: number): string {
  return `${thumbsPrefix}${opId}/${attempt}`;
}

const filesPrefix = 'files/';
const partsPrefix = 'parts/';
const quarantinePrefix = 'quarantine/';
const thumbsPrefix = 'thumbs/';

/** What the keys of all objects begin with, in their order; in each the upload comes next. */
export const objectPrefixes = [filesPrefix, partsPrefix, quarantinePrefix, thumbsPrefix] as const;

/** What the keys of all objects of one upload begin with. */
export function prefixesOf(opId: OpId): readonly string[] {
  return objectPrefixes.map((prefix) => `${prefix}${opId}/`);
}
