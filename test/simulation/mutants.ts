import type { SourceChange } from './product.js';

/** A bug that somebody might write, planted to see that the simulation finds it. */
export type Mutant = {
  readonly name: string;
  /** What it would do to people and their money. */
  readonly costs: string;
} & (SourceChange | SqlChange);

/** The text to be replaced must be in the function once. */
export interface SqlChange {
  /** As the database has it: `ledger.settle_v2`. */
  readonly sql: string;
  readonly from: string;
  readonly to: string;
}

const replayed = 'if v_result is not null then return v_result; end if;';

/** Each is one change in a verb or in a decision, and each must be found. */
export const mutants: readonly Mutant[] = [
  {
    name: 'hold-without-funds',
    costs: 'People spend what they do not have.',
    ...{ sql: 'ledger.set_aside', from: 'v_available - p_amount <', to: 'v_available <' },
  },
  {
    name: 'hold-is-not-entered',
    costs: 'The same money is held for two payments.',
    ...{ sql: 'ledger.set_aside', from: "'held', p_amount)));", to: "'held', p_amount - 1)));" },
  },
  {
    name: 'hold-again-asks-under-the-first-key',
    costs: 'What the customer paid is given back here, and never there.',
    ...{ sql: 'ledger.held_before', from: 'order by n desc', to: 'order by n' },
  },
  {
    name: 'hold-again-forgets-that-it-is-one',
    costs: 'A run that knows of no call before it charges as if there had been none.',
    ...{ sql: 'ledger.held_before', from: "then answer - 'replayed' else answer end" },
    to: "then answer - 'replayed' else answer - 'replayed' end",
  },
  {
    name: 'refund-counts-no-other-refund',
    costs: 'Two refunds give back more than was paid.',
    ...{ sql: 'ledger.hold_refund_v1', from: 'sum(amount - released)' },
    to: 'sum(amount - amount)',
  },
  {
    name: 'settle-again-moves-again',
    costs: 'A worker that dies after it settled is told of a conflict: a person looks in vain.',
    ...{ sql: 'ledger.settle_v2', from: replayed, to: '' },
  },
  {
    name: 'settle-pays-nobody',
    costs: 'The merchant is not paid.',
    ...{ sql: 'ledger.settle_v2', from: "'posted', v_minor, 'held', 0)" },
    to: "'posted', v_minor - 1, 'held', 0)",
  },
  {
    name: 'settle-keeps-the-rest',
    costs: 'What was not captured stays held for ever.',
    ...{ sql: 'ledger.settle_v2', from: 'if p_final then v_back := v_left - v_minor; end if;' },
    to: '',
  },
  {
    name: 'settle-pays-the-payer',
    costs: 'Goods leave, and nobody is paid.',
    ...{
      sql: 'ledger.settle_v2',
      from: "jsonb_build_object('account', h.payee, 'posted', v_minor",
    },
    to: "jsonb_build_object('account', h.account, 'posted', v_minor",
  },
  {
    name: 'settle-takes-any-proof',
    costs: 'A charge of another operation pays for this one.',
    ...{ sql: 'ledger.proves_move', from: 'coalesce(amount, h.amount) =' },
    to: 'coalesce(amount, h.amount) <>',
  },
  {
    name: 'release-gives-too-little-back',
    costs: 'Part of a declined payment stays held.',
    ...{ sql: 'ledger.release_v2', from: 'v_back := h.amount - h.captured;' },
    to: 'v_back := h.amount - h.captured - 1;',
  },
  {
    name: 'release-after-a-capture-is-a-refusal',
    costs: 'People are told that nothing was taken, when part of it was.',
    ...{ sql: 'ledger.release_v2', from: 'if h.captured > 0 then', to: 'if h.captured < 0 then' },
  },
  {
    name: 'release-again-releases-again',
    costs: 'A worker that dies after a release is told of a conflict.',
    ...{ sql: 'ledger.release_v2', from: replayed, to: '' },
  },
  {
    name: 'capture-does-not-hold-the-rest',
    costs: 'The fare is taken at the provider, and cannot be settled here.',
    ...{ sql: 'ledger.capture_v3', from: 'set amount = amount + v_more' },
    to: 'set amount = amount + 0',
  },
  {
    name: 'funding-from-nowhere',
    costs: 'Money is made.',
    ...{ sql: 'ledger.fund_v1', from: "'posted', -o.amount", to: "'posted', -o.amount + 1" },
  },
  {
    name: 'version-stands-still',
    costs: 'An edit overwrites what it never saw; the chain of hashes breaks.',
    ...{ sql: 'ledger.post', from: 'version = a.version + 1,', to: 'version = a.version + 2,' },
  },
  {
    name: 'silence-is-a-decline',
    costs: 'The customer is charged, and the goods do not leave.',
    ...{ file: 'src/workflows/provider-step.ts', from: "{ kind: 'unknown', reason: 'no-answer'" },
    to: "{ kind: 'fail', code: 'provider-refused', message: '', reason: 'no-answer'",
  },
  {
    name: 'another-key-in-doubt',
    costs: 'The customer is charged twice.',
    ...{ file: 'src/workflows/resolver.ts', from: 'const answer = await perform(request);' },
    to: 'const answer = await perform({ ...request, reference: `${request.reference}1` });',
  },
  {
    name: 'first-key-in-doubt',
    costs: 'What was refused once is asked again for ever; a person must look.',
    ...{ file: 'src/workflows/outside.ts', from: "{ n, sentAt: now(), outcome: 'rejected' }" },
    to: "{ n, sentAt: now(), outcome: 'nothing' }",
  },
  {
    name: 'lost-workflows-stay-lost',
    costs: 'A payment whose workflow is gone holds its money for ever.',
    ...{ file: 'src/reconciler/compare.ts', from: "case 'unknown':\n      return {" },
    to: "case 'unknown':\n      return none ?? {",
  },
  {
    name: 'terminated-workflows-stay-lost',
    costs: 'Who terminates a workflow in the Web UI strands its money.',
    ...{ file: 'src/reconciler/compare.ts', from: "case 'terminated':\n      return {" },
    to: "case 'terminated':\n      return none ?? {",
  },
  {
    name: 'one-intent-for-all',
    costs: 'The second payment of a person is taken for the first, and never made.',
    ...{ file: 'src/domain/ids.ts', from: 'key.eventType, key.idemKey]', to: 'key.eventType]' },
  },
  {
    name: 'capture-again-begins-again',
    costs: 'A capture that a worker died in parks: a person looks in vain.',
    ...{ sql: 'ledger.capture_v3', from: replayed, to: '' },
  },
  {
    name: 'event-out-of-order',
    costs: 'Who listens waits for an event that never comes.',
    ...{ sql: 'ledger.finish', from: 'phase = p_phase, seq = o.seq + 1' },
    to: 'phase = p_phase, seq = o.seq + 2',
  },
  {
    name: 'refund-is-news',
    costs: 'A person looks at the case of each refund whose webhook is late.',
    ...{ file: 'src/domain/confirms.ts', to: 'return false;' },
    from: "return !isRefused && isOfStep(evidence, 'refund') && isSameSum(evidence, ending);",
  },
];
