import { z } from 'zod';
import { rideParties } from '../domain/index.js';
import { accountId, amount, currency, label } from './schemas.js';

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
