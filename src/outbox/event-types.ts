import { commands, phases } from '../domain/index.js';

const domains = Object.values(commands).map(({ domain }) => domain.toLowerCase());
const operations = [...new Set([...domains, 'correction'])];
const ofOperations = [
  ...phases,
  ...['attempted', 'approved', 'not-approved', 'captured', 'settled', 'refused'],
  ...['accepted', 'turned'],
];
const ofTopics: Readonly<Record<string, readonly string[]>> = {
  hold: ['held', 'authorized', 'capturing', 'extended', 'expiring', 'expired'],
  payment: ['scheduled', 'method-chosen'],
  ride: ['requested', 'cancelled', 'underpaid'],
  late: ['seen', 'returned'],
  upload: ['claimed', 'uploaded', 'verified', 'committed', 'aborted', 'deleted'],
  notification: ['sending', 'skipped', 'undelivered', 'sent', 'reported'],
  account: ['opened', 'funded', 'edited'],
  case: ['opened', 'decided', 'ended'],
};

/** Every type of event there is: `docs/events.md` says when each is written. */
export const eventTypes: readonly string[] = [
  ...operations.flatMap((operation) => ofOperations.map((word) => `${operation}.${word}`)),
  ...Object.entries(ofTopics).flatMap(([topic, words]) => words.map((word) => `${topic}.${word}`)),
];
