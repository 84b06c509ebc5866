import { expect, test } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import type { KnownCharge } from '../../src/ledger/index.js';
import type { ListedCharge } from '../../src/providers/provider.js';
import { compareProvider, doublesOf } from '../../src/reconciler/compare-provider.js';

const taken: ListedCharge = {
  ...{ chargeId: 'ch_1', reference: 'op_one:charge.1:1', state: 'captured', currency: 'EUR' },
  ...{ minor: 30, capturedMinor: 30, refundedMinor: 0 },
};
const aside: ListedCharge = {
  ...{ ...taken, reference: 'op_one:authorize.1:1', state: 'authorized', capturedMinor: 0 },
};
const gone: ListedCharge = { ...aside, state: 'gone' };
const settled: KnownCharge = {
  ...{ reference: taken.reference, seenId: 'ch_1', tenant: 't', opId: 'op_one' as OpId },
  ...{ isFinal: true, isQuiet: true, minor: 30, currency: 'EUR', chargeId: 'ch_1' },
  ...{ captured: 30, refunded: 0, refunding: 0, capture: null, late: [] },
};
const released: KnownCharge = { ...settled, captured: 0, chargeId: null };
const open: KnownCharge = { ...released, isFinal: false };
const inPart: KnownCharge = { ...settled, captured: 10 };
const asked: KnownCharge = {
  ...released,
  capture: { reference: 'op_one:capture.1:1', minor: 30 },
};

test.each<[string, ListedCharge, KnownCharge | undefined, string | undefined]>([
  ['settled and captured', taken, settled, undefined],
  ['captured, and its workflow decides still', taken, open, undefined],
  ['authorised, and its workflow decides still', aside, open, undefined],
  [
    'pending there, ended here',
    { ...taken, state: 'pending', capturedMinor: 0 },
    released,
    undefined,
  ],
  ['released and let go', gone, released, undefined],
  [
    'refunded on both sides',
    { ...taken, refundedMinor: 10 },
    { ...settled, refunded: 10 },
    undefined,
  ],
  [
    'a refund that is under way',
    { ...taken, refundedMinor: 10 },
    { ...settled, refunding: 10 },
    undefined,
  ],
  ['given back by then', taken, { ...released, late: ['FAILED', 'COMPLETED'] }, undefined],
  ['nobody knows it', taken, undefined, 'unknown-charge'],
  ['nobody knows it, authorised', aside, undefined, 'unknown-charge'],
  ['nobody knows it, and nothing stands there', gone, undefined, undefined],
  ['nobody knows it, and it is refunded', { ...taken, refundedMinor: 30 }, undefined, undefined],
  ['another amount', { ...taken, minor: 31 }, settled, 'amount-differs'],
  ['another amount, while it is open', { ...taken, minor: 31 }, open, 'amount-differs'],
  ['another currency', { ...taken, currency: 'USD' }, settled, 'amount-differs'],
  ['a second charge', { ...taken, chargeId: 'ch_2' }, settled, 'double-charge'],
  [
    'a second charge that was undone',
    { ...taken, chargeId: 'ch_2', refundedMinor: 30 },
    settled,
    undefined,
  ],
  ['captured there, released here', taken, released, 'left-charge captured charge.1'],
  ['authorised there, released here', aside, released, 'left-charge authorized authorize.1'],
  [
    'authorised there, and captured in part',
    { ...aside, capturedMinor: 10 },
    inPart,
    'left-charge authorized authorize.1',
  ],
  [
    'a capture that nobody wrote down',
    { ...aside, state: 'captured', capturedMinor: 30 },
    asked,
    'left-charge captured capture.1',
  ],
  [
    'captures that nobody asked for',
    { ...aside, state: 'captured', capturedMinor: 20 },
    asked,
    'captured-more',
  ],
  [
    'captured more than here',
    { ...aside, state: 'captured', capturedMinor: 20 },
    inPart,
    'captured-more',
  ],
  ['settled here, let go there', gone, settled, 'captured-less'],
  ['refunded there by hand', { ...taken, refundedMinor: 30 }, settled, 'captured-less'],
  [
    'it was refused to be given back',
    taken,
    { ...released, late: ['FAILED'] },
    'left-charge captured charge.1',
  ],
])('%s', (_, charge, known, expected) => {
  const found = compareProvider(charge, known);

  const evidence = found?.kind === 'left-charge' ? found.evidence : undefined;
  const of = evidence && [evidence.kind, evidence.reference.split(':')[1]];
  expect(found && [found.kind, ...(of ?? [])].join(' ')).toBe(expected);
});

test('finds two charges under one reference, and none that was undone', () => {
  const second = { ...taken, chargeId: 'ch_2' };
  const undone = { ...taken, chargeId: 'ch_3', refundedMinor: 30 };
  const another = { ...taken, chargeId: 'ch_4', reference: 'op_two:charge.1:1' };

  expect(doublesOf([taken, another, second, undone])).toEqual([taken, second]);
  expect(doublesOf([taken, another, undone, taken])).toEqual([]);
});
