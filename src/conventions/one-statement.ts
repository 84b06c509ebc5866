import { example, type Rule } from './rule.js';
import { faultsOf, isSource } from './syntax.js';

const calls = /^(begin|transaction|savepoint)$/;
const words =
  /^\s*(begin|commit|rollback|savepoint|start\s+transaction)\s*(;|$|work\b|transaction\b)/i;
const message = 'a verb is one statement: no transaction of several, see ARCHITECTURE';

/** One verb, one statement: no transaction is ever opened by the product. */
export const oneStatement: Rule = {
  name: 'one-statement',
  covers: isSource,
  check: (files) =>
    files.flatMap((file) =>
      faultsOf(file, (report) => ({
        CallExpression(node) {
          const { callee } = node;
          const name =
            callee.type === 'MemberExpression' && callee.property.type === 'Identifier'
              ? callee.property.name
              : callee.type === 'Identifier' && callee.name;
          if (name && calls.test(name)) report(node, message);
        },
        Literal(node) {
          if (typeof node.value === 'string' && words.test(node.value)) report(node, message);
        },
        TemplateElement(node) {
          if (words.test(node.value.raw)) report(node, message);
        },
      })),
    ),
  good: [
    example(
      'src/ledger/hold.ts',
      'export const hold = (sql: Sql) => sql`select ledger.hold_v1(${1})`;',
      "export const said = 'begin with the account';",
    ),
  ],
  bad: [
    'export const hold = (sql: Sql) => sql.begin(async () => {});',
    'export const hold = (db: Db) => db.transaction(async () => {});',
    'export const hold = () => transaction(async () => {});',
    'export const hold = (sql: Sql) => sql`begin`;',
    "export const hold = (sql: Sql) => sql.unsafe('START TRANSACTION; select 1');",
  ].map((line) => ({ files: [example('src/ledger/hold.ts', line)], message })),
};
