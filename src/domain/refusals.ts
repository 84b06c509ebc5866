/** Every way an operation can be refused. Stable: kebab-case here, in rows and over HTTP. */
export const refusalCodes = [
  'account-closed',
  'account-exists',
  'account-frozen',
  'account-unknown',
  'balance-limit-exceeded',
  'currency-mismatch',
  'declined',
  'idempotency-key-reused',
  'insufficient-funds',
  'overdraft-limit-too-low',
  'provider-refused',
  'same-account',
  'stale-version',
  'time-budget-exceeded',
  'withdrawn',
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

/** True for refusals about money, which a waiting HTTP caller sees as 402. */
export function isMoneyRefusal(code: RefusalCode): boolean {
  return code === 'insufficient-funds' || code === 'declined';
}
