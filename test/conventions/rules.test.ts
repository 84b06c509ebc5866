import { describe, expect, test } from 'vitest';
import { findings, readSources, rules } from '../../src/conventions/index.js';

const repository = readSources(process.cwd());

describe.each(rules)('$name', (rule) => {
  test.each(rule.bad)('goes red on its bad example: $message', ({ files, message }) => {
    const said = findings(rule, files);

    expect(said.map((finding) => finding.message)).toContain(message);
    expect(said.every((finding) => finding.rule === rule.name && finding.line > 0)).toBe(true);
  });

  test('stays green on its good example', () => {
    expect(rule.good.length).toBeGreaterThan(0);
    expect(rule.good.some((file) => rule.covers(file.path))).toBe(true);
    expect(findings(rule, rule.good)).toEqual([]);
  });

  test('sees in a file alone what it sees in it among others, unless it says so', () => {
    const files = [...rule.bad.flatMap((bad) => bad.files), ...rule.good];
    const alone = files.flatMap((file) => findings(rule, [file]));

    expect(rule.house === true || alone.length === findings(rule, files).length).toBe(true);
  });

  test('has a bad example and covers files of the repository', () => {
    expect(rule.bad.length).toBeGreaterThan(0);
    expect(repository.filter((file) => rule.covers(file.path))).not.toEqual([]);
  });
});

test('every rule has its own name', () => {
  expect(new Set(rules.map((rule) => rule.name)).size).toBe(rules.length);
});

test('a file that cannot be parsed does not pass', () => {
  const broken = { path: 'src/ledger/hold.ts', text: 'export const = ;' };

  expect(() => rules.flatMap((rule) => findings(rule, [broken]))).toThrow(SyntaxError);
});

test('a finding names the line it is about', () => {
  const [, oneStatement] = rules;
  if (!oneStatement) throw new Error('there is no second rule');
  const text = '// one\n// two\nexport const hold = () => sql.begin(() => {});\n';

  expect(findings(oneStatement, [{ path: 'src/ledger/hold.ts', text }])).toEqual([
    expect.objectContaining({ path: 'src/ledger/hold.ts', line: 3 }),
  ]);
});
