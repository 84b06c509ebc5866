import { expect, test } from 'vitest';
import { parseTemporalConfig, readTemporalConfig } from '../../src/servers/temporal-config.js';

const GOOD = `
namespace: default
retention: 3d
searchAttributes: { tenant: Keyword, amount: Int }
ports: { frontend: 7233, ui: 8233 }
`;

test('the checked-in configuration names what operations are searched by', async () => {
  const config = await readTemporalConfig('temporal-dev.yaml');

  expect(config.searchAttributes).toEqual({
    tenant: 'Keyword',
    operationType: 'Keyword',
    account: 'Keyword',
    currency: 'Keyword',
    attention: 'Keyword',
    amount: 'Int',
  });
  expect(config.ports).toEqual({ frontend: 7233, ui: 8233 });
  expect(config.sqlitePragmas).toEqual({ journal_mode: 'WAL' });
});

test('days and hours of retention are both understood', () => {
  expect(parseTemporalConfig(GOOD, 'x').retentionHours).toBe(72);
  expect(parseTemporalConfig(GOOD.replace('3d', '36h'), 'x').retentionHours).toBe(36);
});

test.each([
  ['an unknown key', 'retention: 3d', 'retention: 3d\nretentoin: 4d', 'retentoin: unknown'],
  ['too short a retention', '3d', '23h', 'retention: must be hours or days'],
  ['a retention without a unit', '3d', '72', 'retention: must be hours or days'],
  ['an unknown type', 'amount: Int', 'amount: Money', 'searchAttributes.amount: must be one of'],
  ['more of a type than fits', 'amount: Int', 'a: Int, b: Int, c: Int, d: Int', '4 of type Int'],
  ['a name with a space', 'amount: Int', '"a b": Int', 'searchAttributes.a b: must be letters'],
  ['a port out of range', '8233', '70000', 'ports.ui: must be a port'],
  ['one port for two things', '8233', '7233', 'ports: frontend and ui are the same'],
  ['a namespace that is a number', 'default', '7', 'namespace: must be'],
  ['a section that is a list', 'ports: {', 'sqlitePragmas: []\nports: {', 'sqlitePragmas: must be'],
])('%s is refused with its place in the file', (_, good, bad, message) => {
  expect(() => parseTemporalConfig(GOOD.replace(good, bad), 'x.yaml')).toThrow(message);
});

test('all mistakes of a configuration are told at once', () => {
  const bad = GOOD.replace('3d', 'soon').replace('7233', 'none');

  expect(() => parseTemporalConfig(bad, 'x.yaml')).toThrow(
    /^x\.yaml has mistakes:\n- retention: .*\n- ports\.frontend: [^\n]*$/,
  );
});

test('a configuration that is not YAML names the file', () => {
  expect(() => parseTemporalConfig('ports: {', 'x.yaml')).toThrow('x.yaml is not YAML');
});
