import { z } from 'zod';
import {
  channels,
  doubtPolicies,
  localeForm,
  recipientIdForm,
  timeOfDayForm,
  timeZoneForm,
} from '../domain/index.js';
import { templateNames } from '../notices/index.js';
import { label, plainText } from './schemas.js';

// The bodies of notices, and of whom they are for.

const recipientId = z
  .string()
  .regex(recipientIdForm)
  .meta({ examples: ['rcp_7f3a'] });
const channel = z.enum(channels);
const locale = z
  .string()
  .regex(localeForm)
  .meta({ examples: ['de-AT'] });
const timeOfDay = z.string().regex(timeOfDayForm);
const quietHours = z
  .strictObject({ from: timeOfDay, to: timeOfDay })
  .refine(({ from, to }) => from !== to)
  .meta({ examples: [{ from: '22:00', to: '07:00' }] });

export const recipientParams = z.object({ id: recipientId });

export const recipientBody = z.strictObject({
  owner: label.optional().meta({ description: 'The `sub` of whose recipient it is' }),
  locale,
  timeZone: z
    .string()
    .max(64)
    .regex(timeZoneForm)
    .meta({ examples: ['Europe/Vienna'] }),
  quietHours: quietHours
    .optional()
    .meta({ description: 'What is not urgent waits for their end, by the clock there' }),
  addresses: z.strictObject({
    push: z.string().optional().meta({ description: 'A registration token' }),
    sms: z
      .string()
      .optional()
      .meta({ examples: ['+4366412345678'] }),
    email: z.string().optional(),
    webhook: z.string().optional().meta({ description: 'An https URL' }),
  }),
});

export const recipientViewBody = z
  .object({
    id: recipientId,
    owner: z.string().optional(),
    locale: z.string(),
    timeZone: z.string(),
    quietHours: z.object({ from: timeOfDay, to: timeOfDay }).optional(),
    addresses: z.array(
      z.object({
        channel,
        masked: z.string(),
        refused: z
          .boolean()
          .meta({ description: 'Nothing arrives there: it is skipped until another is given' }),
      }),
    ),
    version: z.int(),
  })
  .meta({ id: 'Recipient' });

export const notificationBody = z.strictObject({
  recipient: recipientId.meta({ description: 'One, registered before' }),
  channels: z
    .array(channel)
    .min(1)
    .max(channels.length)
    .refine((all) => new Set(all).size === all.length)
    .meta({ description: 'In the order in which they are tried, none twice' }),
  template: z.enum(templateNames),
  data: z
    .record(z.string().regex(/^[A-Za-z0-9_.-]{1,40}$/), plainText(1_000))
    .meta({ description: 'What the template needs, and no more; kept sealed' }),
  locale: locale.optional().meta({ description: "In place of the recipient's" }),
  urgent: z.boolean().optional().meta({ description: 'Does not wait for the end of quiet hours' }),
  onUnknown: z
    .enum(doubtPolicies)
    .optional()
    .meta({
      description:
        'Where a channel cannot say whether it delivered, and would deliver twice: `person` (the ' +
        'default) leaves it to one, `next-channel` goes on, `resend` sends it again',
    }),
  bizKey: label.optional(),
});
