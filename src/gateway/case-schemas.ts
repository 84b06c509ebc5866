import { z } from 'zod';
import { type CaseAction, caseStates } from '../domain/index.js';

const moment = z.iso.datetime({ offset: true });
const id = z.string().meta({ examples: ['case_3f0c8b1e5d7a4c2f9a6b0d1e2f3a4b5c'] });

export const caseParams = z.object({ id });

const plainText = (lengthMax: number) =>
  z
    .string()
    .min(1)
    .max(lengthMax)
    .refine((text) => !text.includes('\0') && text.isWellFormed());

/** What an action on a case takes. */
export function caseActBody(action: CaseAction) {
  const reason = plainText(500).meta({ description: 'Why; kept in the audit' });
  if (action !== 'settle') return z.strictObject({ reason });
  const chargeId = z.string().regex(/^[\x21-\x7e]{1,255}$/);
  const described = chargeId.meta({
    description: 'The charge that was found at the provider; needed for a card payment',
  });
  return z.strictObject({ reason, chargeId: described.optional() });
}

export const caseBody = z
  .object({
    id,
    opId: z.string(),
    kind: z.enum(['parked', 'contradiction']),
    reason: z.string(),
    advice: z.string().meta({ description: 'What to do' }),
    amountAtRisk: z.int().meta({ description: 'What is still held, in minor units' }),
    currency: z.string().optional(),
    state: z.enum(caseStates),
    openedAt: moment,
    endedAt: moment.optional(),
    endedBy: z.string().optional(),
    note: z.string().optional(),
    approvals: z.array(
      z.object({ action: z.string(), principal: z.string(), reason: z.string(), at: moment }),
    ),
    evidence: z.looseObject({}).meta({ description: 'The attempts, each with its outcome' }),
  })
  .meta({ id: 'Case' });

export const casesBody = z
  .object({
    data: z.array(caseBody),
    next: z.string().nullable().meta({ description: 'The cursor of the next page' }),
  })
  .meta({ id: 'Cases' });
