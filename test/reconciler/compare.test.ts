import { expect, test } from 'vitest';
import type { Standing } from '../../src/client/index.js';
import type { OpId, Phase } from '../../src/domain/index.js';
import type { OpenOperation } from '../../src/ledger/index.js';
import { compareEnded, compareOpen, nextBefore } from '../../src/reconciler/compare.js';

const opId = 'op_one' as OpId;
const over = { isOverdue: true };
const captured = { hasBlindCapture: true };

test.each<[Standing, Phase, Partial<OpenOperation>, string]>([
  ['running', 'charging', {}, 'none'],
  ['running', 'in-doubt', {}, 'none'],
  ['running', 'parked', {}, 'none'],
  ['running', 'held', captured, 'none'],
  ['running', 'charging', over, 'tell budget-ended'],
  ['running', 'in-doubt', over, 'tell budget-ended'],
  ['running', 'held', over, 'none'],
  ['running', 'deferred', over, 'none'],
  ['running', 'awaiting-approval', over, 'none'],
  ['running', 'parked', over, 'none'],
  ['unknown', 'charging', {}, 'restart workflow-lost'],
  ['unknown', 'charging', over, 'restart workflow-lost'],
  ['unknown', 'parked', over, 'restart workflow-lost'],
  ['terminated', 'in-doubt', {}, 'restart workflow-terminated'],
  ['terminated', 'held', {}, 'restart workflow-terminated'],
  ['terminated', 'held', captured, 'person captures-begun'],
  ['unknown', 'charging', captured, 'person captures-begun'],
  ['closed', 'charging', {}, 'restart workflow-closed'],
  ['closed', 'charging', captured, 'person captures-begun'],
])('for a workflow %s and an operation %s, %o: %s', (standing, phase, more, expected) => {
  const envelope = { opId } as OpenOperation['envelope'];
  const row = { envelope, phase, isOverdue: false, hasBlindCapture: false, ...more };

  const action = compareOpen(row, standing);

  expect([action.kind, 'because' in action && action.because].filter(Boolean).join(' ')).toBe(
    expected,
  );
});

test('tells a workflow that outlived its operation once in an hour', () => {
  const noon = Date.UTC(2026, 0, 1, 12);
  const toldAt = [noon, noon + 59 * 60_000, noon + 60 * 60_000].map((nowMs) =>
    compareEnded(opId, nowMs),
  );

  expect(toldAt[0]).toMatchObject({ kind: 'tell', because: 'operation-ended' });
  expect(toldAt[1]).toEqual(toldAt[0]);
  expect(toldAt[2]).not.toEqual(toldAt[0]);
});

test.each([
  [[], null],
  [[9, 8, 7], 8],
  [[9, 7, 7], 8],
  [[7, 7, 7], 7],
])('after workflows started at %j goes on before %j', (startedAt, next) => {
  expect(nextBefore(startedAt)).toBe(next);
});
