/** What a person can do about a case. Settle and release by hand take two of them. */
export const caseActions = ['verify', 'retry', 'accept', 'settle', 'release'] as const;

export type CaseAction = (typeof caseActions)[number];

/** `decided` when two people agreed and it is being carried out. */
export const caseStates = ['open', 'approved-once', 'decided', 'ended'] as const;

export type CaseState = (typeof caseStates)[number];

/** What two people decided about held money. Not a proof: the ledger knows who approved what. */
export interface Decision {
  readonly action: 'settle' | 'release';
  readonly by: readonly [string, string];
  /** Of a settle: the charge that they found at the provider. */
  readonly chargeId?: string;
}
