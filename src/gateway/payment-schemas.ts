import { z } from 'zod';
import { momentMsOf } from '../domain/index.js';
import { accountId, amount, currency, label, plainText } from './schemas.js';

// The bodies of payments, of what becomes of them, and of payouts.

const moment = z
  .string()
  .refine((text) => momentMsOf(text) !== undefined)
  .meta({ format: 'date-time' });

export const paymentBody = z
  .strictObject({
    account: accountId.meta({ description: 'Who pays' }),
    amount,
    currency,
    capture: z.enum(['automatic', 'manual', 'multiple']).optional().meta({
      description: '`manual` holds it for one capture, `multiple` for several',
    }),
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
    scheduledAt: moment
      .optional()
      .meta({ format: 'date-time', description: 'When to begin, within a year' }),
    holdExpiresAt: moment.optional().meta({
      format: 'date-time',
      description: 'When a hold ends by itself, within a year; 7 days after it began',
    }),
    metadata: z
      .record(z.string().regex(/^[A-Za-z0-9_.-]{1,40}$/), plainText(500))
      .refine((texts) => Object.keys(texts).length <= 50)
      .optional()
      .meta({ description: 'At most 50 texts; kept sealed' }),
  })
  .refine(({ method, payTo }) => method !== 'balance' || payTo !== undefined)
  .refine(({ method, capture = 'automatic' }) => method !== 'balance' || capture === 'automatic')
  .refine(({ capture = 'automatic', holdExpiresAt }) =>
    capture === 'automatic' ? holdExpiresAt === undefined : true,
  );

export const cancelBody = z.strictObject({ reason: plainText(500).optional() });

export const captureBody = z.strictObject({
  amount: amount.optional().meta({ description: 'Minor units; all that is left when absent' }),
  final: z
    .boolean()
    .optional()
    .meta({ description: 'The last one: what is left goes back. So is the only one of a hold' }),
});

export const extensionBody = z.strictObject({
  holdExpiresAt: moment.meta({ format: 'date-time', description: 'Still to come' }),
});

export const methodBody = z.strictObject({
  method: z
    .enum(['card', 'balance'])
    .meta({ description: '`balance` pays from the account; the one it has keeps it waiting' }),
});

export const refundBody = z.strictObject({
  amount: amount.optional().meta({ description: 'Minor units; all that is left when absent' }),
  reason: plainText(500).optional().meta({ description: 'Kept sealed' }),
});

export const payoutBody = z.strictObject({
  account: accountId.meta({ description: 'Whose money is sent out' }),
  amount,
  currency,
  destination: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/)
    .meta({ description: "The provider's token for where it goes: never an account number" }),
  bizKey: label.optional(),
});
