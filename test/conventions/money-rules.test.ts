import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findings, moneyRules, readSources } from '../../src/conventions/index.js';
import type { Rule, SourceFile } from '../../src/conventions/rule.js';

const repository = readSources(process.cwd());
const planted = readPlanted();

describe('planted violations', () => {
  test('are all found, each by its rule and on its line, and nothing else', () => {
    const found = moneyRules.flatMap((rule) =>
      findings(rule, planted.files).map(({ path, line }) => `${path}:${line} ${rule.name}`),
    );

    expect([...new Set(found)].sort()).toEqual(planted.expected);
  });

  test('are fifteen lines at least, some for every rule', () => {
    const [lines, names] = [0, 1].map((at) =>
      planted.expected.map((one) => one.split(' ')[at] ?? ''),
    );

    expect(new Set(lines).size).toBeGreaterThanOrEqual(15);
    expect([...new Set(names)].sort()).toEqual(moneyRules.map(({ name }) => name).sort());
  });
});

describe('the house with one thing broken', () => {
  test.each([
    ['shielded-steps', 'src/workflows/course.ts', 'CancellationScope.nonCancellable(', 'always('],
    [
      'shielded-steps',
      'src/workflows/until-done.ts',
      'CancellationScope.nonCancellable(',
      'always(',
    ],
    [
      'shielded-steps',
      'src/workflows/held-payment.ts',
      'ledger.releasePayment(',
      'scope.cancellable(ledger.releasePayment)(',
    ],
    ['operation-hooks', 'src/workflows/course.ts', 'listenForWishes()', 'nobody()'],
    ['operation-hooks', 'src/workflows/index.ts', "export { ride } from './ride.js';", ''],
    ['operation-hooks', 'src/domain/command.ts', "workflow: 'refund'", "workflow: 'payment'"],
    ['final-results', 'src/workflows/payout.ts', 'return untilEnded(', 'return walk('],
    [
      'final-results',
      'src/domain/evidence.ts',
      'Settled | Fulfilled | Returned | Fail',
      'Settled | Held',
    ],
    ['final-results', 'src/ledger/fund.sql', "'kind', 'funded'", "'kind', 'pending'"],
    [
      'final-results',
      'src/ledger/choose-method.sql',
      'update ledger.hold',
      "update ledger.operation set state = 'FAILED'; update ledger.hold",
    ],
    ['swallowed-errors', 'src/workflows/course.ts', 'throw error;', 'void error;'],
    ['step-look-ups', 'src/workflows/provider-step.ts', "payout: 'findPayout'", ''],
    ['step-look-ups', 'src/domain/evidence.ts', "| 'payout'", "| 'payout' | 'tip'"],
    [
      'provider-calls',
      'src/workflows/provider-step.ts',
      'maximumAttempts: 1',
      'maximumAttempts: 2',
    ],
    ['provider-calls', 'src/workflows/provider-step.ts', "heartbeatTimeout: '3s',", ''],
    ['provider-calls', 'src/providers/guarded.ts', 'profile: provider.profile,', ''],
    [
      'step-keys',
      'src/providers/sandbox/client.ts',
      "'idempotency-key': request.reference",
      "'idempotency-key': nanoid()",
    ],
    ['command-keys', 'src/gateway/payouts.ts', 'idempotencyKeyOf(', 'keyOf('],
    ['command-keys', 'src/domain/payout.ts', 'eventType, idemKey }', 'eventType }'],
    ['outcomes', 'src/activities/outside.ts', 'Promise<PerformAnswer>', 'Promise<boolean>'],
    [
      'outcomes',
      'src/workflows/provider-step.ts',
      "kind: 'unknown', reason: 'no-answer'",
      "kind: 'fail', reason: 'no-answer'",
    ],
    [
      'money-arithmetic',
      'src/domain/holding.ts',
      'plus(captured, promised)',
      'captured + promised',
    ],
    [
      'every-operation-conforms',
      'test/operations/ride-conformance.test.ts',
      "of: 'ride'",
      "of: 'late'",
    ],
    [
      'every-operation-replays',
      'test/replay/histories/account-funded.json',
      '"fundAccount"',
      '"payment"',
    ],
  ])('goes red in %s: %s without %s', (name, path, from, to) => {
    const rule = ruleOf(name);
    const broken = repository.map((file) =>
      file.path === path ? { path, text: file.text.replaceAll(from, to) } : file,
    );

    expect(repository.find((file) => file.path === path)?.text).toContain(from);
    expect(findings(rule, repository)).toEqual([]);
    expect(findings(rule, broken)).not.toEqual([]);
  });
});

describe('CONTRIBUTING', () => {
  test('lists the rules that know money, every one and no other', () => {
    const text = repository.find(({ path }) => path === 'CONTRIBUTING.md')?.text ?? '';
    const [, list = ''] = text.split('## Rules that know money');
    const [section = ''] = list.split('\n## ');

    expect(Array.from(section.matchAll(/^\| `([a-z-]+)`/gm), ([, name]) => name)).toEqual(
      moneyRules.map(({ name }) => name),
    );
  });
});

function ruleOf(name: string): Rule {
  const rule = moneyRules.find((one) => one.name === name);
  if (rule === undefined) throw new Error(`there is no rule ${name}`);
  return rule;
}

/** The files of the planted violations, and what each marked line must be found by. */
function readPlanted(): { files: readonly SourceFile[]; expected: readonly string[] } {
  const text = readFileSync(new URL('./planted-violations.txt', import.meta.url), 'utf8');
  const files = text
    .split(/^=== /m)
    .slice(1)
    .map((part): SourceFile => {
      const [path = '', ...lines] = part.split('\n');
      return { path, text: lines.join('\n') };
    });
  const expected = files.flatMap(({ path, text: body }) =>
    body.split('\n').flatMap((line, at) => {
      const [, marks = ''] = line.split(' // <- ');
      return marks
        .split(' ')
        .filter(Boolean)
        .map((name) => `${path}:${at + 1} ${name}`);
    }),
  );
  return { files, expected: expected.sort() };
}
