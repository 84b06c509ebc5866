import type { PaymentPayload } from '../domain/index.js';
import { problem, problemOfFaults } from './problems.js';

const farthestMs = 366 * 24 * 3_600_000;

/** True for a moment within the year to come, as far as anything can be planned. */
export function isWithinYear(moment: number, now: number): boolean {
  return moment - now <= farthestMs;
}

/** Refuses a payment or a hold that would begin or end in the past, or too far from now. */
export function requireNear(
  { scheduledAt, holdExpiresAt }: Pick<PaymentPayload, 'scheduledAt' | 'holdExpiresAt'>,
  now: number,
): void {
  const given = Object.entries({ scheduledAt, holdExpiresAt }).flatMap(([path, moment]) =>
    moment === undefined ? [] : [{ path, moment }],
  );
  const past = given.filter(({ moment }) => moment <= now);
  if (past.length > 0) {
    throw problem('moment-past', {
      errors: past.map(({ path }) => ({ path, code: 'moment-past' })),
    });
  }
  const far = given.filter(({ moment }) => !isWithinYear(moment, now));
  // A hold that ended before its payment begins could never be captured.
  const isUpsideDown = (holdExpiresAt ?? Infinity) <= (scheduledAt ?? 0);
  const wrong = isUpsideDown ? [{ path: 'holdExpiresAt' }, ...far] : far;
  const paths = [...new Set(wrong.map(({ path }) => path))];
  if (paths.length > 0) {
    throw problemOfFaults(paths.map((path) => ({ path, code: 'field-invalid' })));
  }
}
