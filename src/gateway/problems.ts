import type { Fault, FaultCode, RefusalCode } from '../domain/index.js';

interface Definition {
  readonly status: number;
  readonly title: string;
}

// Faults of one field; several at once are `validation-failed`. The path is in `errors`.
const faults = {
  'account-invalid': { status: 422, title: 'That cannot be an account id' },
  'amount-invalid': { status: 422, title: 'An amount is a whole number of minor units' },
  'amount-not-positive': { status: 422, title: 'The amount must be above zero' },
  'amount-too-large': { status: 422, title: 'The amount is too large' },
  'body-invalid': { status: 422, title: 'The body must be a JSON object that asks for something' },
  'currency-invalid': { status: 422, title: 'No such currency' },
  'device-token-invalid': { status: 422, title: 'That cannot be a device token' },
  'email-invalid': { status: 422, title: 'That cannot be an e-mail address' },
  'field-invalid': { status: 422, title: 'A field has a value that it cannot have' },
  'field-required': { status: 422, title: 'A field is missing' },
  'moment-invalid': { status: 422, title: 'A moment is written as in 2026-01-31T12:00:00Z' },
  'not-supported': { status: 422, title: 'That is not supported' },
  'phone-invalid': { status: 422, title: 'No such phone number: write it as in +4930123456' },
  'phone-premium': { status: 422, title: 'A number that costs whoever writes to it' },
  'text-invalid': { status: 422, title: 'A text holds characters that it cannot hold' },
  'text-too-long': { status: 422, title: 'A text is too long' },
  'unknown-field': { status: 422, title: 'There is no such field' },
  'webhook-url-invalid': { status: 422, title: 'Webhooks go to https and the name of a host' },
} as const satisfies Record<FaultCode, Definition>;

const refusals = {
  'account-closed': { status: 409, title: 'The account is closed' },
  'account-exists': { status: 409, title: 'An account with this id exists' },
  'account-frozen': { status: 409, title: 'The account is frozen' },
  'account-unknown': { status: 404, title: 'There is no such account' },
  'address-refused': { status: 409, title: 'Nothing can be sent to the address' },
  'already-known': { status: 409, title: 'The operation ended on this' },
  'approval-expired': { status: 409, title: 'Nobody approved it in time' },
  'approval-refused': { status: 409, title: 'A second person refused it' },
  'balance-limit-exceeded': { status: 409, title: 'The balance would become too large' },
  'capture-exceeds-hold': { status: 422, title: 'More than is held, and than may be added to it' },
  'channel-not-configured': { status: 409, title: 'Nobody has set that channel up' },
  'checksum-mismatch': { status: 409, title: 'What arrived is not what was announced' },
  'currency-mismatch': { status: 422, title: 'The account holds another currency' },
  declined: { status: 402, title: 'The payment was declined' },
  'file-unknown': { status: 404, title: 'There is no such file' },
  'hold-expired': { status: 409, title: 'The hold has ended by itself' },
  'idempotency-key-reused': { status: 422, title: 'The key was used for another request' },
  'image-too-large': { status: 409, title: 'The image has too many pixels' },
  infected: { status: 409, title: 'The scanner found something in it' },
  'insufficient-funds': { status: 402, title: 'Less is available than was asked for' },
  'invalid-state': { status: 409, title: 'It is too late for that' },
  'no-driver': { status: 409, title: 'Nobody was found in time' },
  'notice-refused': { status: 409, title: 'The channel refused the notice' },
  'out-of-stock': { status: 409, title: 'There is not enough in stock' },
  'overdraft-limit-too-low': { status: 409, title: 'The account is further below zero already' },
  'payment-unknown': { status: 404, title: 'There is no such payment' },
  'provider-refused': { status: 409, title: 'The provider refused' },
  'recipient-limit': { status: 429, title: 'The recipient was sent too much in the last hour' },
  'recipient-unknown': { status: 404, title: 'There is no such recipient' },
  'refund-exceeds-captured': { status: 422, title: 'More than is left of what was captured' },
  'released-by-hand': { status: 409, title: 'Two people gave the money back by hand' },
  'same-account': { status: 422, title: 'An account cannot pay itself' },
  'stale-version': { status: 412, title: 'The account changed since it was read' },
  'time-budget-exceeded': { status: 409, title: 'The time budget was used up' },
  'type-mismatch': { status: 409, title: 'It is another sort of file than it was said to be' },
  'upload-expired': { status: 409, title: 'The upload was not complete in time' },
  undeliverable: { status: 409, title: 'No channel could deliver it' },
  withdrawn: { status: 409, title: 'It was withdrawn' },
} as const satisfies Record<RefusalCode, Definition>;

/** Every code of a problem document, with its status and title. Codes never change. */
export const problems = {
  ...faults,
  ...refusals,
  'at-in-future': { status: 422, title: 'That moment has not come yet' },
  'at-invalid': { status: 422, title: 'A moment is written as in 2026-01-31T12:00:00Z' },
  'auth-required': { status: 401, title: 'A valid bearer token is required' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'case-unknown': { status: 404, title: 'There is no such case' },
  'cursor-invalid': { status: 400, title: 'The cursor is not one that we gave' },
  'event-unknown': { status: 404, title: 'There is no such event' },
  'finding-unknown': { status: 404, title: 'There is no such finding' },
  forbidden: { status: 403, title: 'The role does not allow this' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  'hold-too-long': { status: 422, title: 'A hold cannot last that long' },
  'idempotency-key-invalid': {
    status: 400,
    title: 'An idempotency key is 8 to 255 of A-Z a-z 0-9 . _ : -',
  },
  'idempotency-key-required': { status: 400, title: 'The header Idempotency-Key is required' },
  'if-match-invalid': { status: 400, title: 'If-Match takes the ETag of the account, as in "12"' },
  'if-match-required': { status: 428, title: 'The header If-Match is required' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  'json-invalid': { status: 400, title: 'The body is not JSON in UTF-8' },
  'link-invalid': { status: 403, title: 'The link is not one that we gave, or it has ended' },
  'media-type-unsupported': { status: 415, title: 'The body must be application/json in UTF-8' },
  'method-not-allowed': { status: 405, title: 'The path does not have this method' },
  'moment-past': { status: 422, title: 'That moment has passed' },
  'not-found': { status: 404, title: 'There is no such path' },
  'not-ready': { status: 503, title: 'This process cannot serve now' },
  'offset-conflict': { status: 409, title: 'The upload goes on at another offset' },
  'operation-unknown': { status: 404, title: 'There is no such operation' },
  'part-damaged': { status: 460, title: 'The bytes are not those of the checksum' },
  'provider-unknown': {
    status: 404,
    title: 'There is no such provider, or no webhooks are taken from it',
  },
  'query-invalid': { status: 400, title: 'A query parameter is wrong or unknown' },
  'quota-exceeded': { status: 413, title: 'There is no room for it on the account' },
  'range-unsatisfiable': { status: 416, title: 'The file does not reach so far' },
  'request-invalid': { status: 400, title: 'That is not a valid HTTP request' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'second-person-needed': { status: 403, title: 'Who asked for it cannot approve it' },
  'second-person-required': { status: 409, title: 'Somebody else must approve it too' },
  'signature-invalid': { status: 401, title: 'The signature is not that of the provider' },
  'signature-required': { status: 401, title: 'A webhook is signed' },
  'sink-unknown': { status: 404, title: 'There is no such sink' },
  'timestamp-invalid': { status: 401, title: 'A webhook is sent within 300 s of our clock' },
  'too-many-parts': { status: 413, title: 'The upload came in too many parts' },
  'too-many-uploads': { status: 429, title: 'The account has too many uploads under way' },
  'tus-version-unsupported': { status: 412, title: 'Tus-Resumable must be 1.0.0' },
  unavailable: { status: 503, title: 'It cannot be done now; try again with the same key' },
  'upload-busy': { status: 423, title: 'Another request writes to the upload' },
  'upload-ended': { status: 410, title: 'The upload has ended' },
  'upload-header-invalid': { status: 400, title: 'A header is not what tus 1.0 expects' },
  'url-too-long': { status: 414, title: 'The URL is too long' },
  'validation-failed': { status: 422, title: 'Several fields are wrong' },
  'workflow-missing': { status: 409, title: 'No workflow runs that could carry it out' },
  'webhook-unreadable': { status: 400, title: 'That is no event of this provider' },
} as const satisfies Record<string, Definition>;

export type ProblemCode = keyof typeof problems;

export interface ProblemMore {
  readonly detail?: string;
  readonly errors?: readonly { readonly path: string; readonly code: string }[];
  /** Names of the fields that are not as they were when the key was first used. */
  readonly differs?: readonly string[];
  /** What this process needs and does not reach. */
  readonly down?: readonly string[];
}

/** An answer that is a problem document (RFC 9457); thrown anywhere in a handler. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly more: ProblemMore;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    code: ProblemCode,
    more: ProblemMore,
    headers: Record<string, string>,
    options?: ErrorOptions,
  ) {
    super(code, options);
    this.name = 'Problem';
    this.code = code;
    this.more = more;
    this.headers = headers;
  }
}

/** The problem of this code, to be thrown. */
export function problem(
  code: ProblemCode,
  more: ProblemMore = {},
  headers: Record<string, string> = {},
  options?: ErrorOptions,
): Problem {
  return new Problem(code, more, headers, options);
}

/** Something that we need is out of reach: 503, to be tried again in some seconds. */
export function unavailable(options?: ErrorOptions): Problem {
  return problem('unavailable', {}, { 'retry-after': '2' }, options);
}

/** The problem of a body that was refused: the code of its only fault, or `validation-failed`. */
export function problemOfFaults(found: readonly Fault[]): Problem {
  const [first] = found;
  const code = found.length === 1 && first !== undefined ? first.code : 'validation-failed';
  return problem(code, { errors: found });
}

/** The document as it is sent. */
export function documentOf({ code, more }: Problem, requestId: string): string {
  const { status, title } = problems[code];
  return JSON.stringify({
    type: `urn:holdfast:problem:${code}`,
    title,
    status,
    code,
    ...more,
    requestId,
  });
}

export const problemMediaType = 'application/problem+json';
