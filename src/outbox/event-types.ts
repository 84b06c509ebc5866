import { phases } from '../domain/index.js';

const operations = [
  ...['account', 'correction', 'late', 'notification', 'payment', 'payout', 'refund', 'ride'],
];
const ofOperations = [
  ...phases,
  ...['attempted', 'approved', 'not-approved', 'captured', 'settled', 'refused'],
];
const ofTopics: Readonly<Record<string, readonly string[]>> = {
  hold: ['held', 'authorized', 'capturing', 'extended', 'expiring', 'expired'],
  payment: ['scheduled', 'method-chosen'],
  ride: ['requested', 'cancelled', 'underpaid'],
  late: ['seen', 'returned'],
  notification: ['accepted', 'sending', 'skipped', 'undelivered', 'sent', 'reported'],
  account: ['opened', 'funded', 'edited'],
  case: ['opened', 'decided', 'ended'],
};

/** Every type of event there is: `docs/events.md` says when each is written. */
export const eventTypes: readonly string[] = [
  ...operations.flatMap((operation) => ofOperations.map((word) => `${operation}.${word}`)),
  ...Object.entries(ofTopics).flatMap(([topic, words]) => words.map((word) => `${topic}.${word}`)),
];
