import { z } from 'zod';
import { orderLinesMax, quantityMax } from '../domain/index.js';
import { moneyBody } from './several-steps.js';

export const orderBody = z.strictObject({
  ...moneyBody,
  items: z
    .array(
      z.strictObject({
        sku: z.string().regex(/^[\x21-\x7e]{1,64}$/),
        quantity: z.int().min(1).max(quantityMax),
      }),
    )
    .min(1)
    .max(orderLinesMax),
});
