/** Every way an operation can be refused. Stable: kebab-case here, in rows and over HTTP. */
export const refusalCodes = [
  'account-closed',
  'account-exists',
  'account-frozen',
  'account-unknown',
  'address-refused',
  'already-known',
  'approval-expired',
  'approval-refused',
  'balance-limit-exceeded',
  'capture-exceeds-hold',
  'channel-not-configured',
  'checksum-mismatch',
  'currency-mismatch',
  'declined',
  'file-unknown',
  'hold-expired',
  'idempotency-key-reused',
  'image-too-large',
  'infected',
  'insufficient-funds',
  'invalid-state',
  'no-driver',
  'notice-refused',
  'out-of-stock',
  'overdraft-limit-too-low',
  'payment-unknown',
  'provider-refused',
  'recipient-limit',
  'recipient-unknown',
  'refund-exceeds-captured',
  'released-by-hand',
  'same-account',
  'stale-version',
  'time-budget-exceeded',
  'type-mismatch',
  'undeliverable',
  'upload-expired',
  'withdrawn',
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

/** True for refusals about money, which a waiting HTTP caller sees as 402. */
export function isMoneyRefusal(code: RefusalCode): boolean {
  return code === 'insufficient-funds' || code === 'declined';
}
