import { condition } from '@temporalio/workflow';
import type { Held, ReleaseBecause } from '../domain/index.js';
import { now } from './clock.js';
import { budgetEndsAt, type Course, ledger, note, type Stuck } from './course.js';

/**
 * Lets held money wait until a second person approves what is above the amount that one may move
 * alone; gives why it goes back, when nobody does. The ledger decides who was first: that person, a
 * withdrawal, or the end of the budget. Nothing was sent before it says `approved`.
 */
export async function unapproved(
  course: Course,
  { minor }: Held,
): Promise<ReleaseBecause | Stuck | undefined> {
  const { envelope, wishes } = course;
  const { opId, approvalAbove = Infinity } = envelope;
  if (minor <= approvalAbove) return undefined;
  const from = now();
  const endsAt = budgetEndsAt(course);
  let ended = await ledger.endApproval(opId);
  if (ended.kind === 'waiting') {
    await note(course, 'awaiting-approval', 'a second person must approve the amount');
  }
  while (ended.kind === 'waiting') {
    const leftMs = Math.max(1, endsAt - now());
    await condition(() => wishes.withdrawn || wishes.verify, leftMs);
    wishes.verify = false;
    const isOver = wishes.withdrawn || now() >= endsAt;
    const code = wishes.withdrawn ? 'withdrawn' : 'approval-expired';
    ended = await ledger.endApproval(opId, isOver ? code : undefined);
  }
  // Who approves in the last second gives the outside step its whole time.
  course.waitedMs += now() - from;
  if (ended.kind === 'approved') return undefined;
  wishes.open = false;
  if (ended.kind === 'conflict') return { kind: 'stuck', reason: ended.reason };
  const { code } = ended;
  return code === 'withdrawn' ? { kind: 'withdrawn' } : { kind: 'never-charged', code };
}
