import { z } from 'zod';
import { orderLinesMax, quantityMax } from '../domain/index.js';
import { accountId, amount, currency, label } from './schemas.js';

export const orderBody = z.strictObject({
  account: accountId.meta({ description: 'Who pays' }),
  amount,
  currency,
  payTo: accountId.optional().meta({ description: "Who receives; the tenant's merchant account" }),
  items: z
    .array(
      z.strictObject({
        sku: z.string().regex(/^[\x21-\x7e]{1,64}$/),
        quantity: z.int().min(1).max(quantityMax),
      }),
    )
    .min(1)
    .max(orderLinesMax),
  bizKey: label.optional().meta({ description: 'Names the business thing' }),
});
