import type { Invariant } from '../../src/ledger/reads.js';
import { set, without } from './tamper.js';

const ofFile = (stage: string) => `op in (select op from ledger.upload where tenant = $1
  and stage = '${stage}')`;
const theFile = (stage: string) =>
  `(select min(op) from ledger.upload where tenant = $1 and stage = '${stage}')`;

/** Each breaks uploads in one way that no verb could. */
export const tamperedUploads: readonly (readonly [Invariant, string])[] = [
  ['upload-is-its-parts', set('upload', 'received = received - 1', "stage = 'CLAIMED'")],
  ['upload-is-its-parts', set('upload_part', 'size = size + 1')],
  ['upload-is-its-parts', set('upload_part', 'start = start + 1')],
  ['upload-is-its-parts', `delete from ledger.upload_part where tenant = $1`],
  [
    'upload-is-its-parts',
    without('upload', 'upload_whole', set('upload', "stage = 'UPLOADED'", "stage = 'CLAIMED'")),
  ],
  ['upload-version-is-its-stage', set('upload', 'version = version + 1', "stage = 'CLAIMED'")],
  ['upload-version-is-its-stage', set('upload', 'version = 1', "stage = 'ABORTED'")],
  [
    'published-file-is-settled',
    set('operation', "state = 'FAILED'", `id = ${theFile('COMMITTED')}`),
  ],
  [
    'published-file-is-settled',
    without(
      'upload',
      'upload_object',
      set('upload', 'object_key = null', `op = ${theFile('COMMITTED')}`),
    ),
  ],
  [
    'published-file-is-settled',
    set('hold', "state = 'released', captured = 0, released = amount", ofFile('COMMITTED')),
  ],
  [
    'aborted-upload-is-released',
    set('hold', "state = 'held', captured = 0, released = 0", ofFile('ABORTED')),
  ],
  ['aborted-upload-is-released', set('upload', "stage = 'CLAIMED'", "stage = 'ABORTED'")],
  [
    'shared-object-is-one-content',
    set('upload', "sha256 = 'another'", `op = ${theFile('COMMITTED')}`),
  ],
  [
    'deleted-file-gave-its-bytes-back',
    set('operation', 'amount = amount + 1', "event_type = 'FileDeletionRequested'"),
  ],
  [
    'deletion-deleted-a-file',
    without('upload', 'upload_deleted', set('upload', "stage = 'COMMITTED'", "stage = 'DELETED'")),
  ],
  [
    'upload-ends-in-time',
    set('upload', "expires_at = now() - interval '11 years'", "stage = 'CLAIMED'"),
  ],
  ['rows-belong-to-their-operation', set('upload', "trace = ''")],
  ['rows-belong-to-their-operation', set('upload_part', "trace = ''")],
];
