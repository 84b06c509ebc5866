import type { CallExpression } from 'oxc-parser';
import { example, type Rule } from './rule.js';
import { faultsOf } from './syntax.js';

const subjects = new Set(['test', 'it', 'describe', 'suite', 'bench']);
const switches = new Set(['skip', 'only', 'todo', 'skipIf', 'runIf', 'fails']);
const leftOut = (name: string) => `.${name} leaves tests out; make it pass or take it away`;

/** Every test runs, every time. */
export const testsRun: Rule = {
  name: 'tests-run',
  covers: isTest,
  check: (files) =>
    files.flatMap((file) =>
      faultsOf(file, (report) => ({
        MemberExpression(node) {
          const { object, property } = node;
          const owner = object.type === 'MemberExpression' ? object.object : object;
          if (owner.type !== 'Identifier' || !subjects.has(owner.name)) return;
          if (property.type !== 'Identifier' || !switches.has(property.name)) return;
          report(node, leftOut(property.name));
        },
      })),
    ),
  good: [example('test/domain/money.test.ts', "test.each([1])('adds %d', () => {});")],
  bad: [
    ["test.skip('adds', () => {});", 'skip'],
    ["describe.only('money', () => {});", 'only'],
    ["test.concurrent.skip('adds', () => {});", 'skip'],
    ["test.skipIf(true)('adds', () => {});", 'skipIf'],
    ["test.todo('adds');", 'todo'],
  ].map(([line = '', name = '']) => ({
    files: [example('test/domain/money.test.ts', line)],
    message: leftOut(name),
  })),
};

const twice = (name: string) => `two tests are called '${name}'`;

/** A red test is found by its name, that of its `describe` before it. */
export const testNames: Rule = {
  name: 'test-names',
  covers: isTest,
  check: (files) =>
    files.flatMap((file) => {
      const seen = new Set<string>();
      const path: string[] = [];
      return faultsOf(file, (report) => ({
        CallExpression(node) {
          const call = titled(node);
          if (call?.of === 'describe') path.push(call.title);
          if (call?.of !== 'test' && call?.of !== 'it') return;
          const name = [...path, call.title].join(' > ');
          if (seen.has(name)) report(node, twice(name));
          seen.add(name);
        },
        'CallExpression:exit'(node) {
          if (titled(node)?.of === 'describe') path.pop();
        },
      }));
    }),
  good: [
    example(
      'test/domain/money.test.ts',
      "test('adds', () => {});",
      "describe('of JPY', () => { test('adds', () => {}); });",
      "describe('of KWD', () => { test('adds', () => {}); });",
    ),
  ],
  bad: [
    {
      files: [
        example('test/domain/money.test.ts', "test('adds', () => {});", "it('adds', () => {});"),
      ],
      message: twice('adds'),
    },
    {
      files: [
        example(
          'test/domain/money.test.ts',
          "describe('of JPY', () => { test('adds', () => {}); test('adds', () => {}); });",
        ),
      ],
      message: twice('of JPY > adds'),
    },
  ],
};

function isTest(path: string): boolean {
  return /^test\/.*\.test\.ts$/.test(path);
}

/** `test('adds', ...)`, but not `test.each(...)('adds %d', ...)`. */
function titled({ callee, arguments: [title] }: CallExpression) {
  if (callee.type !== 'Identifier' || title?.type !== 'Literal') return undefined;
  return { of: callee.name, title: String(title.value) };
}
