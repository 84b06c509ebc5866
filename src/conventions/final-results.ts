import type { Node } from 'oxc-parser';
import { callGraphOf, type CallGraph, type GraphFunction } from './call-graph.js';
import { isOperation, workflowIndex, workflowsIn } from './operations.js';
import { example, type Fault, type Rule, type SourceFile } from './rule.js';
import { faultAt, faultsOf, lineAt } from './syntax.js';

const inWorkflows = (path: string) => /^src\/workflows\/.*\.ts$/.test(path);
const inLedger = (path: string) => /^src\/ledger\/.*\.sql$/.test(path);
/** The one function that writes the state of an operation. */
const finish = 'src/ledger/core.sql';
const table = 'ledger.operation';
const ends = new Set(['settled', 'fulfilled', 'returned', 'funded', 'opened', 'edited', 'sent']);
const notEnded = (kind: string) =>
  `COMPLETED with ${kind}, which is no end: what is still held is never settled nor given back`;
const otherHand =
  'writes the state of an operation beside ledger.finish: what has ended can be begun again, and ' +
  'is paid twice';
const evidence = 'src/domain/evidence.ts';
const finals = new Set(['Settled', 'Fulfilled', 'Returned', 'Fail']);
const early = (name: string) =>
  `${name} may return what is not the end: Temporal says completed, the money stays held, and ` +
  'nothing looks at it any more; return what a loop that parks returns';
const notFinal = (type: string) =>
  `${type} is no end: an operation that returns it is completed with its money held`;

/** A workflow completes when its operation has ended, settled or refused, and not before. */
export const finalResults: Rule = {
  name: 'final-results',
  house: true,
  covers: (path) => path === evidence || inWorkflows(path) || inLedger(path),
  check(files) {
    const graph = callGraphOf(files.filter(({ path }) => inWorkflows(path)));
    return [
      ...files.filter(({ path }) => path === evidence).flatMap(checkResults),
      ...files.filter(({ path }) => inLedger(path)).flatMap(checkSql),
      ...workflowsIn(files, graph)
        .filter(isOperation)
        .flatMap((workflow) => {
          const returned = returnsOf(workflow);
          const isFinal = (node: Node | null) => endsIn(node, workflow, graph);
          return returned.length > 0 && returned.every(({ argument }) => isFinal(argument))
            ? []
            : [faultAt(workflow.file, workflow.node, early(workflow.name))];
        }),
    ];
  },
  good: [
    example(evidence, 'export type PaymentResult = Settled | Returned | Fail;'),
    example(finish, `update ${table} set state = p_state where id = o.id;`),
    example(
      'src/ledger/settle.sql',
      "return ledger.finish(o, 'settle', jsonb_build_object('kind', 'settled'), 'COMPLETED');",
      `update ${table} set phase = null where state = 'IN_PROGRESS';`,
    ),
    example(workflowIndex, "export { payout } from './payout.js';"),
    example(
      'src/workflows/payout.ts',
      'export async function payout(asked: Envelope<PayoutCommand>) {',
      '  const ended = await untilEnded(async () => {',
      '    return walk(asked);',
      '  });',
      '  return ended;',
      '}',
      'async function untilEnded(walk: Walk) {',
      '  for (;;) {',
      '    const ended = await walk();',
      "    if (ended.kind !== 'stuck') return ended;",
      '    await parkedUntilVerify();',
      '  }',
      '}',
    ),
  ],
  bad: [
    ...[
      "return { kind: 'pending' };",
      'return walk(asked);',
      'await walk(asked);',
      'if (late) return; return untilEnded(asked);',
    ].map((line) => ({
      files: [
        example(workflowIndex, "export { tip } from './tip.js';"),
        example(
          'src/workflows/tip.ts',
          `export async function tip(asked: Envelope<TipCommand>) { ${line} }`,
          'async function walk(asked: Envelope) { return ledger.reserveTip(asked); }',
          'async function untilEnded(walk: Walk) { for (;;) await parkedUntilVerify(); }',
        ),
      ],
      message: early('tip'),
    })),
    {
      files: [
        example(
          'src/ledger/settle.sql',
          "return ledger.finish(o, 'settle', jsonb_build_object('kind', 'captured-part'),",
          "  'COMPLETED', null, 'payment.settled');",
        ),
      ],
      message: notEnded('captured-part'),
    },
    {
      files: [
        example('src/ledger/fix.sql', `update ${table} set state = 'COMPLETED' where id = 1;`),
      ],
      message: otherHand,
    },
    {
      files: [example(evidence, 'export type PaymentResult = Settled | Fail | Held;')],
      message: notFinal('Held'),
    },
  ],
};

function checkResults(file: SourceFile): readonly Fault[] {
  return faultsOf(file, (report) => ({
    TSTypeAliasDeclaration({ id, typeAnnotation }) {
      if (id.name !== 'PaymentResult') return;
      const types = typeAnnotation.type === 'TSUnionType' ? typeAnnotation.types : [typeAnnotation];
      for (const type of types) {
        const name = file.text.slice(type.start, type.end);
        if (!finals.has(name)) report(type, notFinal(name));
      }
    },
  }));
}

/** What a verb's SQL says of the end; a result that was put together before is not seen. */
function checkSql(file: SourceFile): readonly Fault[] {
  const at = (index: number, message: string): Fault => {
    return { path: file.path, line: lineAt(file, index), message };
  };
  const finishing = Array.from(file.text.matchAll(/ledger\.finish\([^;]*;/g));
  const writing = /update\s+ledger\.operation\b(?:(?!\bwhere\b)[^;])*\bstate\s*=/gi;
  return [
    ...finishing.flatMap(({ 0: call, index }) => {
      const [, kind] = /'kind',\s*'([\w-]+)'/.exec(call) ?? [];
      const isCompleted = call.includes("'COMPLETED'") && !call.includes("'IN_PROGRESS'");
      return isCompleted && kind !== undefined && !ends.has(kind)
        ? [at(index, notEnded(kind))]
        : [];
    }),
    ...(file.path === finish
      ? []
      : Array.from(file.text.matchAll(writing), ({ index }) => at(index, otherHand))),
  ];
}

interface Returned {
  readonly argument: Node | null;
}

/** The workflow's own `return`s, not those of functions inside it. */
function returnsOf({ file, node }: GraphFunction): readonly Returned[] {
  const returned: Returned[] = [];
  let depth = -1;
  const enter = ({ start, end }: Node) => void (depth += Number(isWithin(node, { start, end })));
  const leave = ({ start, end }: Node) => void (depth -= Number(isWithin(node, { start, end })));
  faultsOf(file, () => ({
    ...{ FunctionDeclaration: enter, 'FunctionDeclaration:exit': leave },
    ...{ FunctionExpression: enter, 'FunctionExpression:exit': leave },
    ...{ ArrowFunctionExpression: enter, 'ArrowFunctionExpression:exit': leave },
    ReturnStatement(found) {
      if (depth === 0 && isWithin(node, found)) returned.push(found);
    },
  }));
  return returned;
}

/** True for a call of a function that loops until there is an end, or what that call gave. */
function endsIn(node: Node | null, workflow: GraphFunction, graph: CallGraph): boolean {
  if (node?.type === 'AwaitExpression') return endsIn(node.argument, workflow, graph);
  if (node?.type === 'Identifier') {
    const { start, end } = workflow.node;
    const body = workflow.file.text.slice(start, end);
    const [, by = ''] = new RegExp(`const ${node.name} = await (\\w+)\\(`).exec(body) ?? [];
    return isLoop(by, workflow, graph);
  }
  if (node?.type !== 'CallExpression' || node.callee.type !== 'Identifier') return false;
  return isLoop(node.callee.name, workflow, graph);
}

function isLoop(name: string, { file }: GraphFunction, graph: CallGraph): boolean {
  const called = graph.find(file, name);
  if (called === undefined) return false;
  const { start, end } = called.node;
  const parks = graph.walk(called).some(([, use]) => use.name === 'parkedUntilVerify');
  return parks && called.file.text.slice(start, end).includes('for (;;)');
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function isWithin(outer: Span, inner: Span): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}
