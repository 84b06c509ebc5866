import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { alertKinds } from '../../src/domain/index.js';
import { alertWords } from '../../src/telemetry/index.js';
import { alertRules, repositoryFile } from '../support/deployed.js';
import { groupedBy, samplesOf, selectorsOf } from '../support/prometheus.js';

const folder = 'docs/runbooks';
const linked = [
  ...alertRules().map(({ annotations }) => annotations.runbook),
  ...alertKinds.map((kind) => `${folder}/${alertWords[kind].runbook}`),
];

test('every alert leads to a runbook, and every runbook is led to', () => {
  const there = readdirSync(repositoryFile(folder)).map((name) => `${folder}/${name}`);

  expect([...new Set(linked)].toSorted()).toEqual(there.toSorted());
});

test.each([...new Set(linked)])('%s says what it means, what to look at, what to do', (path) => {
  const text = readFileSync(repositoryFile(path), 'utf8');
  const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);

  expect(headings).toEqual(['What it means', 'What to look at', 'What to do']);
  for (const rule of alertRules().filter(({ annotations }) => annotations.runbook === path)) {
    expect(text).toContain(`\`${rule.alert}\``);
  }
  for (const kind of alertKinds.filter((one) => path.endsWith(`/${alertWords[one].runbook}`))) {
    expect(text).toContain(`\`${kind}\``);
  }
});

test('reads of an expression what it reads', () => {
  const expression =
    'quantile(0.9, sum by (le, x) (rate(a_bucket{b="c(d)",e=~"f"}[5m]))) > 1e9 or absent(g)';

  expect(selectorsOf(expression)).toEqual([
    { name: 'a_bucket', labels: ['b', 'e'] },
    { name: 'g', labels: [] },
  ]);
  expect(groupedBy(expression)).toEqual(['le', 'x']);
  expect(samplesOf('# HELP a b\na{b="c=1",d="e\\"f=2"} 1\ng 2\n')).toEqual(
    new Map([
      ['a', new Set(['b', 'd'])],
      ['g', new Set()],
    ]),
  );
});
