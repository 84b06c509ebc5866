import type { OutsideRequest } from '../activities/outside.js';
import type { Held, PaidOut, Refunded, ReleaseBecause } from '../domain/index.js';
import { budgetEndsAt, type Course, type Stuck } from './course.js';
import { certainOf, isOurs } from './outside.js';

interface Outgoing {
  readonly refund: Refunded;
  readonly payout: PaidOut;
}
const facts = { refund: 'refunded', payout: 'paid-out' } as const;

/** Sends held money away at the provider, or says why it stays, for the operations that do. */
export async function sentAway<Step extends keyof Outgoing>(
  course: Course,
  held: Held,
  outgoing: Pick<OutsideRequest, 'chargeId' | 'destination'> & { readonly step: Step },
): Promise<Outgoing[Step] | ReleaseBecause | Stuck> {
  if (course.returns !== undefined) return course.returns;
  const { envelope, wishes } = course;
  const { reference, minor, currency, heldAt, replayed } = held;
  const answer = await certainOf(
    course,
    { ...outgoing, reference, amount: { minor, currency }, trace: envelope.trace },
    {
      endsAt: budgetEndsAt(course),
      heldAt,
      ...(replayed && { replayed }),
    },
  );
  wishes.open = false;
  if (isOurs(answer)) course.returns = answer as ReleaseBecause;
  if (answer.kind === facts[outgoing.step]) return answer as Outgoing[Step];
  if (answer.kind === 'stuck' || canRelease(answer)) return answer;
  return { kind: 'stuck', reason: `the provider says ${answer.kind} of a ${outgoing.step}` };
}

/** True for what gives held money back. */
export function canRelease(answer: { readonly kind: string }): answer is ReleaseBecause {
  return ['declined', 'withdrawn', 'never-charged', 'fenced'].includes(answer.kind);
}
