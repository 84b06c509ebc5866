import { z } from 'zod';
import {
  amountMax,
  currencies,
  idemKeyPattern,
  phases,
  rideParties,
  states,
} from '../domain/index.js';
import { type ProblemCode, problemMediaType, problems } from './problems.js';

// What the API takes and gives, for its description and for the answers. Bodies are read by the
// domain's parsers: a test holds both to the same verdicts.

const names = <Name extends string>(of: Record<Name, unknown>) => Object.keys(of) as Name[];
const plainText = (lengthMax: number) =>
  z
    .string()
    .max(lengthMax)
    .refine((text) => !text.includes('\0') && text.isWellFormed());
const label = z.string().regex(/^[\x21-\x7e]{1,255}$/);

const accountId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/)
  .meta({ examples: ['acc_8c1f'] });
const amount = z
  .int()
  .min(1)
  .max(amountMax)
  .meta({ description: 'Whole minor units: 1250 is 12.50 USD, 1250 JPY, 1.250 KWD' });
const currency = z.enum(names(currencies));
const balanceAmount = z.int().meta({ description: 'Minor units' });
const moment = z.iso.datetime({ offset: true });
const opId = z.string().meta({ examples: ['op_jq2k5xw7m3tdzr6n4hcv2aeyp5sg7bul'] });

export const paymentBody = z
  .strictObject({
    account: accountId.meta({ description: 'Who pays' }),
    amount,
    currency,
    capture: z.enum(['automatic']).optional(),
    payTo: accountId
      .optional()
      .meta({ description: "Who receives; the tenant's merchant account" }),
    method: z
      .enum(['card', 'balance'])
      .optional()
      .meta({ description: '`balance` moves money inside the ledger and needs `payTo`' }),
    description: plainText(500).optional().meta({ description: 'Kept sealed' }),
    bizKey: label.optional().meta({ description: 'Names the business thing, an order say' }),
    timeBudgetMs: z.int().min(1_000).max(2_592_000_000).optional(),
    metadata: z
      .record(z.string().regex(/^[A-Za-z0-9_.-]{1,40}$/), plainText(500))
      .refine((texts) => Object.keys(texts).length <= 50)
      .optional()
      .meta({ description: 'At most 50 texts; kept sealed' }),
  })
  .refine(({ method, payTo }) => method !== 'balance' || payTo !== undefined);

export const cancelBody = z.strictObject({ reason: plainText(500).optional() });

export const rideBody = z.strictObject({
  rider: accountId.meta({ description: 'Who pays' }),
  estimate: amount,
  currency,
  bizKey: label.optional().meta({ description: 'Names the business thing, a booking say' }),
});
export const rideMatchBody = z.strictObject({
  driver: accountId.meta({ description: 'Who receives the fare' }),
  destination: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/)
    .optional()
    .meta({ description: "The provider's token of where the driver is paid out" }),
});
export const rideCompletionBody = z.strictObject({ amount });
export const rideCancelBody = z.strictObject({ by: z.enum(rideParties) });

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
export const optionalKeyHeaders = keyHeaders.pick({ 'idempotency-key': true }).partial();
export const editHeaders = optionalKeyHeaders.extend({
  'if-match': z.string().meta({ description: 'The ETag that the account had', examples: ['"12"'] }),
});

export const operationBody = z
  .object({
    opId,
    domain: z.string(),
    eventType: z.string(),
    bizKey: z.string(),
    state: z.enum(states),
    phase: z.enum(phases).optional(),
    outcome: z
      .object({
        kind: z.string(),
        code: z.string().optional(),
        message: z.string().optional(),
        chargeId: z.string().optional(),
      })
      .optional(),
    account: z.string().optional(),
    amount: z.int().optional(),
    currency: z.string().optional(),
    acceptedAt: moment,
    updatedAt: moment,
    version: z.int(),
    links: z.object({ self: z.string(), account: z.string().optional() }),
  })
  .meta({ id: 'Operation' });

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
