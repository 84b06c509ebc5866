import { z } from 'zod';
import {
  amountMax,
  currencies,
  idemKeyPattern,
  phases,
  states,
  uploadStages,
} from '../domain/index.js';
import { noticeBody } from './delivery-schemas.js';
import { type ProblemCode, problemMediaType, problems } from './problems.js';

// What the API takes and gives, for its description and for the answers. Bodies are read by the
// domain's parsers: a test holds both to the same verdicts.

const names = <Name extends string>(of: Record<Name, unknown>) => Object.keys(of) as Name[];
export const plainText = (lengthMax: number) =>
  z
    .string()
    .max(lengthMax)
    .refine((text) => !text.includes('\0') && text.isWellFormed());
export const label = z.string().regex(/^[\x21-\x7e]{1,255}$/);

export const accountId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/)
  .meta({ examples: ['acc_8c1f'] });
export const amount = z
  .int()
  .min(1)
  .max(amountMax)
  .meta({ description: 'Whole minor units: 1250 is 12.50 USD, 1250 JPY, 1.250 KWD' });
export const currency = z.enum(names(currencies));
const balanceAmount = z.int().meta({ description: 'Minor units' });
const moment = z.iso.datetime({ offset: true });
const opId = z.string().meta({ examples: ['op_jq2k5xw7m3tdzr6n4hcv2aeyp5sg7bul'] });

export const accountOpenBody = z
  .strictObject({
    id: accountId.optional(),
    currency,
    kind: z.enum(['customer', 'merchant']),
    owner: label.optional().meta({ description: 'The `sub` of whose account it is' }),
    overdraftLimit: z.int().min(0).max(amountMax).optional(),
    slots: z
      .int()
      .min(1)
      .max(64)
      .optional()
      .meta({ description: 'Sub-rows that share the load; customers have 1' }),
  })
  .refine(({ kind, slots = 1 }) => kind === 'merchant' || slots === 1);

export const fundingBody = z.strictObject({ amount, currency });

export const accountEditBody = z
  .strictObject({
    status: z.enum(['open', 'frozen', 'closed']).optional(),
    overdraftLimit: z.int().min(0).max(amountMax).optional(),
  })
  .refine(({ status, overdraftLimit }) => status !== undefined || overdraftLimit !== undefined);

export const webhookParams = z.object({ provider: z.string().meta({ examples: ['sandbox'] }) });
export const webhookHeaders = z.object({
  'webhook-id': z.string().optional().meta({ description: 'The same for a repetition' }),
  'webhook-timestamp': z.string().optional().meta({ description: 'Unix seconds' }),
  'webhook-signature': z
    .string()
    .optional()
    .meta({ description: '`v1,` and the HMAC-SHA256 in base64, of `id.timestamp.body`' }),
});
export const webhookBody = z.looseObject({
  type: z.string(),
  timestamp: z.union([z.string(), z.int()]).optional(),
  data: z.looseObject({ id: z.string(), reference: z.string() }),
});

export const pageLimit = z
  .string()
  .regex(/^([1-9]\d?|100)$/)
  .transform(Number)
  .optional();
export const pageCursor = z.string().max(256).optional();
export const noQuery = z.strictObject({});
export const operationParams = z.object({ opId });
export const accountParams = z.object({ id: accountId });
export const keyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(idemKeyPattern)
    .meta({ description: 'Names this one intent: the same key is the same operation for ever' }),
  prefer: z.string().optional().meta({ description: '`wait=n`: wait for the end, 30 s at most' }),
});
export const onlyKeyHeaders = keyHeaders.pick({ 'idempotency-key': true });
export const optionalKeyHeaders = onlyKeyHeaders.partial();
export const editHeaders = optionalKeyHeaders.extend({
  'if-match': z.string().meta({ description: 'The ETag that the account had', examples: ['"12"'] }),
});

const uploadBody = z.object({
  received: z.int().meta({ description: 'Bytes that are kept' }),
  size: z.int(),
  stage: z.enum(uploadStages),
  version: z.int().meta({ description: 'Grows by one with every change of the stage' }),
  sha256: z.string().optional().meta({ description: 'Of what it turned out to be, from VERIFIED' }),
  mediaType: z.string().optional(),
  expiresAt: moment,
  links: z.object({ upload: z.string(), file: z.string().optional() }),
});

export const operationBody = z
  .object({
    opId,
    domain: z.string(),
    eventType: z.string(),
    bizKey: z.string(),
    state: z.enum(states),
    phase: z.enum(phases).optional(),
    deferredUntil: moment.optional().meta({
      format: 'date-time',
      description: 'Until when it waits for its provider, while it is deferred',
    }),
    outcome: z
      .object({
        kind: z.string(),
        code: z.string().optional(),
        message: z.string().optional(),
        amount: amount.optional().meta({ description: 'All that moved, once it is settled' }),
        chargeId: z.string().optional(),
        payoutId: z.string().optional(),
        channel: z.string().optional().meta({ description: 'Which took a notice' }),
        deliveryId: z.string().optional(),
      })
      .optional(),
    notice: noticeBody.optional().meta({ description: 'Of a notice alone' }),
    account: z.string().optional(),
    amount: z.int().optional(),
    currency: z.string().optional(),
    acceptedAt: moment,
    updatedAt: moment,
    version: z.int(),
    upload: uploadBody.optional().meta({ description: 'Of an upload that is asked for by itself' }),
    links: z.object({ self: z.string(), account: z.string().optional() }),
  })
  .meta({ id: 'Operation' });

const evidence = z.object({
  kind: z.string().meta({ examples: ['captured'] }),
  reference: z.string().optional().meta({ description: 'The key that the provider was given' }),
  chargeId: z.string().optional(),
  payoutId: z.string().optional(),
  amount: z.int().optional(),
  currency: z.string().optional(),
  declineCode: z.string().optional(),
  code: z.string().optional(),
});

export const historyBody = z
  .object({
    data: z.array(
      z.object({
        at: moment,
        step: z.string().meta({ examples: ['reserve', 'capture.1', 'settle.1'] }),
        result: z.string().meta({ examples: ['held', 'attempted', 'captured-part', 'settled'] }),
        ...evidence.omit({ kind: true }).shape,
        message: z.string().optional(),
        phase: z.enum(phases).optional(),
        reason: z.string().optional().meta({ description: 'Why it came into its phase' }),
        holdExpiresAt: moment.optional(),
        evidence: evidence.optional().meta({ description: 'What it was decided on' }),
      }),
    ),
    next: z.string().nullable().meta({ description: 'The cursor of the next page' }),
  })
  .meta({ id: 'History' });

export const webhookStateBody = z
  .object({
    id: z.string(),
    state: z.enum(['applied', 'ignored', 'held']).meta({
      description: 'Given to its operation; of no use; or kept for a person',
    }),
  })
  .meta({ id: 'Webhook' });

export const operationsBody = z
  .object({
    data: z.array(operationBody),
    next: z.string().nullable().meta({ description: 'The cursor of the next page' }),
    totalCount: z.int().optional(),
  })
  .meta({ id: 'Operations' });

export const accountBody = z
  .object({
    id: z.string(),
    currency: z.string(),
    kind: z.string(),
    owner: z.string().optional(),
    status: z.enum(['open', 'frozen', 'closed']),
    posted: balanceAmount,
    held: balanceAmount,
    available: balanceAmount,
    overdraftLimit: balanceAmount,
    version: z.int(),
  })
  .meta({ id: 'Account' });

export const balanceBody = z
  .object({
    id: z.string(),
    currency: z.string(),
    posted: balanceAmount,
    held: balanceAmount,
    available: balanceAmount,
    version: z.int(),
    at: z.string().optional(),
  })
  .meta({ id: 'Balance' });

const problemBody = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(names(problems)),
    detail: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), code: z.string() })).optional(),
    differs: z.array(z.string()).optional(),
    down: z.array(z.string()).optional(),
    requestId: z.string(),
  })
  .meta({ id: 'Problem' });

interface Answer {
  readonly description: string;
  readonly content: Record<string, { readonly schema: z.ZodType }>;
}

type OwnAnswers = Record<number, readonly [string, z.ZodType]>;

/** What a route for callers answers: its own bodies, and problems, its own and everybody's. */
export function answers(own: OwnAnswers, ...codes: readonly ProblemCode[]) {
  return openAnswers(own, ...codes, 'auth-required', 'forbidden', 'unavailable');
}

/** The same for a route that asks for no token. */
export function openAnswers(
  own: OwnAnswers,
  ...codes: readonly ProblemCode[]
): Record<number, Answer> {
  const all: Record<number, Answer> = {};
  for (const code of [...codes, 'query-invalid', 'internal'] as const) {
    const { status } = problems[code];
    const before = all[status] ? `${all[status].description}, ` : '';
    all[status] = {
      description: `${before}\`${code}\``,
      content: { [problemMediaType]: { schema: problemBody } },
    };
  }
  for (const [status, [description, schema]] of Object.entries(own)) {
    all[Number(status)] = { description, content: { 'application/json': { schema } } };
  }
  return all;
}

/** What can be wrong with a body before and after it is read. */
export const bodyProblems = [
  'json-invalid',
  'body-too-large',
  'media-type-unsupported',
  'validation-failed',
] as const;
