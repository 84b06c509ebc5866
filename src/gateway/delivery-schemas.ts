import { z } from 'zod';
import { channels } from '../domain/index.js';

const channel = z.enum(channels);

/** What was done about a notice. */
export const noticeBody = z.object({
  channel: channel.optional().meta({ description: 'Which took it' }),
  deliveries: z.array(
    z.object({
      deliveryId: z.string(),
      channel,
      to: z.string().meta({ description: 'Masked' }),
      state: z.enum(['begun', 'unknown', 'failed', 'sent']),
      code: z.string().optional(),
      begunAt: z.iso.datetime(),
      sentAt: z.iso.datetime().optional(),
      report: z
        .enum(['under-way', 'delivered', 'refused', 'address-refused'])
        .optional()
        .meta({ description: 'What its provider told of it later' }),
    }),
  ),
});
