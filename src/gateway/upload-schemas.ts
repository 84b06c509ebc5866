import { z } from 'zod';
import type { ProblemCode } from './problems.js';
import { answers, noQuery, openAnswers, operationParams, optionalKeyHeaders } from './schemas.js';

// For the description alone: tus checks what it is sent.

const tags = ['uploads'];
const tusHeaders = z.object({ 'tus-resumable': z.literal('1.0.0') });
const whole = z.string().regex(/^\d{1,16}$/);
const checksum = z
  .string()
  .optional()
  .meta({
    description:
      '`sha1` or `sha256`, and the digest of this body in base64: 460 when it is another',
    examples: ['sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='],
  });
const common = ['tus-version-unsupported', 'upload-header-invalid'] as const;
const known = [...common, 'operation-unknown', 'upload-ended', 'upload-busy'] as const;
const writing = ['offset-conflict', 'part-damaged', 'body-too-large', 'too-many-parts'] as const;

export const optionsSchema = {
  summary: 'What of tus is spoken here',
  tags,
  security: [],
  response: { ...openAnswers({}), 204: nothing('In its headers') },
};

export const creationSchema = {
  summary: 'Ask for room for a file, and send its first bytes if you like',
  description:
    'tus 1.0. Its bytes are set aside on an account in BYTE: the one that `account` in the' +
    ' metadata names, else the only one of the caller. `sha256` (hex) is what the whole must hash' +
    ' to, `filetype` what it must turn out to be, `filename` what it is called; all else is kept' +
    ' sealed. What becomes of it is the operation of the same id. A stock client sends no' +
    ' Idempotency-Key: then each creation is another upload.',
  tags,
  headers: tusHeaders.extend({
    ...optionalKeyHeaders.shape,
    'upload-length': whole.meta({ description: 'Bytes of the whole; it cannot be deferred' }),
    'upload-metadata': z
      .string()
      .optional()
      .meta({ description: 'Names, each with a value in base64: `filename bmFtZQ==`' }),
    'upload-checksum': checksum,
  }),
  querystring: noQuery,
  response: withNothing(201, 'The upload is at `Location`', [
    ...[...common, ...writing, 'quota-exceeded', 'too-many-uploads', 'upload-ended'],
    ...['account-unknown', 'account-closed', 'account-frozen', 'currency-mismatch'],
    ...['field-required', 'validation-failed', 'amount-invalid', 'idempotency-key-invalid'],
    'idempotency-key-reused',
  ] as ProblemCode[]),
};

export const headSchema = {
  summary: 'How much of it is kept',
  tags,
  headers: tusHeaders,
  params: operationParams,
  querystring: noQuery,
  response: withNothing(200, 'In `Upload-Offset`', known),
};

export const patchSchema = {
  summary: 'Send more of it',
  tags,
  headers: tusHeaders.extend({
    'content-type': z.literal('application/offset+octet-stream'),
    'upload-offset': whole.meta({ description: 'What is kept by now' }),
    'upload-checksum': checksum,
  }),
  params: operationParams,
  querystring: noQuery,
  response: withNothing(204, 'It is kept, up to `Upload-Offset`', [...known, ...writing]),
};

export const terminationSchema = {
  summary: 'Withdraw an upload, or delete its file',
  description: 'What is published is deleted by an operation of its own, and its bytes go back.',
  tags,
  headers: tusHeaders,
  params: operationParams,
  querystring: noQuery,
  response: withNothing(204, 'It is gone, or about to be', [...known, 'invalid-state']),
};

function withNothing(status: number, description: string, codes: readonly ProblemCode[]) {
  return { ...answers({}, ...codes), [status]: nothing(description) };
}

function nothing(description: string) {
  return z.null().meta({ description });
}
