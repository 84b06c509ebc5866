import { z } from 'zod';
import type { ChargePage, ListedCharge } from '../provider.js';

const id = z.string().regex(/^[\x21-\x7e]{1,255}$/);
const minor = z.int().min(0);
const stateOf = {
  pending: 'pending',
  authorized: 'authorized',
  captured: 'captured',
  declined: 'gone',
  voided: 'gone',
  expired: 'gone',
} as const;

const listed = z
  .object({
    ...{ id, reference: id, amount: minor, capturedAmount: minor, refundedAmount: minor },
    status: z.enum(Object.keys(stateOf) as (keyof typeof stateOf)[]),
    currency: z.string().regex(/^[A-Z]{3,8}$/),
    expiresAt: z.int().optional().catch(undefined),
    changedAt: minor,
  })
  .transform(({ changedAt, ...one }) => {
    const { id: chargeId, reference, currency, expiresAt } = one;
    const charge: ListedCharge = {
      ...{ chargeId, reference, currency, state: stateOf[one.status], minor: one.amount },
      ...{ capturedMinor: one.capturedAmount, refundedMinor: one.refundedAmount },
      ...(expiresAt !== undefined && { expiresAt }),
    };
    return { charge, changedAt };
  });
const body = z.object({ data: z.array(z.unknown()), next: z.string().min(1).nullable() });

/**
 * A page of the list of charges that began at `from`; undefined for what is none. One charge that
 * cannot be read must not hide the others.
 */
export function readPage(json: unknown, from: string, overlapMs: number): ChargePage | undefined {
  const page = body.safeParse(json).data;
  if (page === undefined) return undefined;
  const read = page.data.flatMap((one) => listed.safeParse(one).data ?? []);
  const lastAt = read.at(-1)?.changedAt;
  const again = lastAt === undefined ? from : String(Math.max(0, lastAt - overlapMs));
  return {
    data: read.map(({ charge }) => charge),
    unreadable: page.data.length - read.length,
    next: page.next ?? again,
    isLast: page.next === null,
  };
}
