import { describe, expect, test } from 'vitest';
import {
  isFinal,
  isMoneyRefusal,
  isState,
  type OperationState,
  refusalCodes,
  states,
  transition,
} from '../../src/domain/index.js';

const ways = [
  'PENDING > IN_PROGRESS',
  'PENDING > COMPLETED',
  'PENDING > FAILED',
  'IN_PROGRESS > COMPLETED',
  'IN_PROGRESS > FAILED',
];
const pairs = states.flatMap((from) =>
  states.map((to): [OperationState, OperationState] => [from, to]),
);

describe('an operation', () => {
  test.each(pairs)('goes from %s to %s only as its states allow', (from, to) => {
    if (ways.includes(`${from} > ${to}`)) expect(transition(from, to)).toBe(to);
    else expect(() => transition(from, to)).toThrow(RangeError);
  });

  test('is final when completed or failed, and in no other state', () => {
    expect(states.filter(isFinal)).toEqual(['COMPLETED', 'FAILED']);
  });

  test('has the states of the list, exactly', () => {
    expect(states.every(isState)).toBe(true);
    expect(['completed', 'HELD', '', null, ['FAILED']].filter(isState)).toEqual([]);
  });
});

test('only insufficient funds and declines are refusals about money', () => {
  expect(refusalCodes.filter(isMoneyRefusal)).toEqual(['declined', 'insufficient-funds']);
});

test('refusal codes are kebab-case, sorted and unique', () => {
  expect(refusalCodes.every((code) => /^[a-z]+(-[a-z]+)*$/.test(code))).toBe(true);
  expect(refusalCodes).toEqual([...new Set(refusalCodes)].sort());
});
