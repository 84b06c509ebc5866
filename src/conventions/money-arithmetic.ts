import type { Expression, Node, ObjectPattern } from 'oxc-parser';
import { example, type Rule } from './rule.js';
import { faultsOf, isSource } from './syntax.js';

const place = 'src/domain/money.ts';
const nouns = 'amount|minor|balance|fare|fee|price|cents|estimate|overdraft';
const capitals = nouns.replaceAll(/(^|\|)\w/g, (start) => start.toUpperCase());
const named = new RegExp(`^(${nouns})s?$|(${capitals})s?$`);
const sums = /^(captured|released|refunded|authori[sz]ed|promised|posted|available|funded)$/;
const operators = new Set(['+', '-', '*', '/', '%', '**']);
const reckoned =
  'reckons with money: a float or a sum past 2^53 takes other money than was held, unseen; ' +
  `use ${place}`;
const broken = 'is no whole number of minor units: somebody is charged a part that does not exist';

/** Money is reckoned with in one place: what a name shows to be money, in any operator or Math. */
export const moneyArithmetic: Rule = {
  name: 'money-arithmetic',
  covers: isSource,
  check: (files) =>
    files
      .filter(({ path }) => path !== place)
      .flatMap((file) => {
        const others = new Set<string>();
        const isMoney = (node: Node) => showsMoney(node, others);
        // First what money is called here, then what is done with it.
        faultsOf(file, () => ({
          VariableDeclarator({ id, init }) {
            if (id.type === 'Identifier' && init && isMoney(init)) others.add(id.name);
          },
          ObjectPattern(node) {
            for (const name of renamedIn(node)) others.add(name);
          },
        }));
        return faultsOf(file, (report) => ({
          BinaryExpression(node) {
            const { left, right, operator } = node;
            if (!operators.has(operator) || isText(left) || isText(right)) return;
            if (isMoney(left) || isMoney(right)) report(node, reckoned);
          },
          AssignmentExpression(node) {
            if (!operators.has(node.operator.slice(0, -1))) return;
            if (isMoney(node.left) || isMoney(node.right)) report(node, reckoned);
          },
          UpdateExpression: (node) => isMoney(node.argument) && report(node, reckoned),
          UnaryExpression(node) {
            if (node.operator === '-' && isMoney(node.argument)) report(node, reckoned);
          },
          CallExpression(node) {
            const { callee } = node;
            const isMath =
              callee.type === 'MemberExpression' &&
              callee.object.type === 'Identifier' &&
              callee.object.name === 'Math';
            const isFloat = callee.type === 'Identifier' && callee.name === 'parseFloat';
            if ((isMath || isFloat) && node.arguments.some(isMoney)) report(node, reckoned);
          },
          Property({ key, value }) {
            if (key.type !== 'Identifier' || !isName(key.name) || value.type !== 'Literal') return;
            const isPart = typeof value.value === 'number' && !Number.isSafeInteger(value.value);
            if (isPart) report(value, `${key.name} ${broken}`);
          },
        }));
      }),
  good: [
    example(place, 'export const plus = (minor: number, other: number) => minor + other;'),
    example(
      'src/workflows/payment.ts',
      "import { plus } from '../domain/index.js';",
      'export const taken = (minor: number, rest: number) => plus(minor, rest);',
      "export const text = (amount: string) => 'of ' + amount;",
      'export const waitMs = (budgetMs: number) => Math.max(1, budgetMs - 5);',
    ),
  ],
  bad: [
    ...[
      'export const fee = (amount: number) => amount * 0.029;',
      'export const left = (hold: Hold) => hold.authorised - taken(hold);',
      "export const left = (hold: Hold) => (hold['minor'] ?? 0) % 10;",
      'export const shown = (amountMinor: number) => Math.round(amountMinor);',
      'export function add(sums: Sums) { sums.refunded += 1; }',
      'export const two = ({ minor: one }: Money) => one + one;',
      'const one = (payment.amount as number) || 0; export const double = 2 * one;',
      'export const back = (fare: bigint) => -fare;',
    ].map((line) => ({ files: [example('src/workflows/payment.ts', line)], message: reckoned })),
    {
      files: [example('src/main/demo.ts', 'export const asked = { amount: 12.5 };')],
      message: `amount ${broken}`,
    },
  ],
};

function isName(name: string): boolean {
  return named.test(name) || sums.test(name);
}

function showsMoney(node: Node, others: ReadonlySet<string>): boolean {
  if (node.type === 'Identifier') return isName(node.name) || others.has(node.name);
  if (node.type === 'MemberExpression') {
    const { property, computed } = node;
    if (property.type === 'Identifier') return !computed && isName(property.name);
    return property.type === 'Literal' && isName(String(property.value));
  }
  return partsOf(node).some((part) => showsMoney(part, others));
}

/** What the value of an expression is, or may be. */
function partsOf(node: Node): readonly Node[] {
  if (node.type === 'LogicalExpression') return [node.left, node.right];
  if (node.type === 'ConditionalExpression') return [node.consequent, node.alternate];
  if (node.type === 'UnaryExpression') return [node.argument];
  if (node.type === 'CallExpression') {
    const { callee } = node;
    const converts = callee.type === 'Identifier' && /^(Number|BigInt)$/.test(callee.name);
    return converts ? node.arguments : [];
  }
  const isWrapped =
    node.type === 'ParenthesizedExpression' ||
    node.type === 'ChainExpression' ||
    node.type === 'TSAsExpression' ||
    node.type === 'TSNonNullExpression';
  return isWrapped ? [node.expression] : [];
}

/** `asked` in `{ amount: asked }`. */
function renamedIn({ properties }: ObjectPattern): readonly string[] {
  return properties.flatMap((property) => {
    if (property.type !== 'Property' || property.key.type !== 'Identifier') return [];
    const { key, value } = property;
    const target = value.type === 'AssignmentPattern' ? value.left : value;
    return isName(key.name) && target.type === 'Identifier' ? [target.name] : [];
  });
}

function isText(node: Expression | { readonly type: 'PrivateIdentifier' }): boolean {
  if (node.type === 'TemplateLiteral') return true;
  return node.type === 'Literal' && typeof node.value === 'string';
}
