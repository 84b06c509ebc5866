import type { Node } from 'oxc-parser';
import { callGraphOf, type CallGraph, type GraphFunction } from './call-graph.js';
import {
  isOperation,
  operationList,
  operationsIn,
  workflowIndex,
  workflowsIn,
} from './operations.js';
import { example, type Fault, type Rule, type SourceFile } from './rule.js';
import { faultsOf, lineAt } from './syntax.js';

const inWorkflows = (path: string) => /^src\/workflows\/.*\.ts$/.test(path);
const unlisted = (name: string) =>
  `${name} carries out an operation that ${operationList} does not name: lost, it is never run ` +
  'again, and its money stays held';
const unmade = (name: string) => `${name} names a workflow that ${workflowIndex} does not export`;
const deaf = (name: string) =>
  `${name} never comes to listenForWishes: nobody can tell it that its time is over, and its ` +
  'money stays held';
const alone = (name: string) =>
  `${name} never comes to parkedUntilVerify: what it cannot decide, no person ever sees`;

/** Every operation can be run again, hears that its time is over, and can park. */
export const operationHooks: Rule = {
  name: 'operation-hooks',
  house: true,
  covers: (path) => path === operationList || inWorkflows(path),
  check(files) {
    const graph = callGraphOf(files.filter(({ path }) => inWorkflows(path)));
    const workflows = workflowsIn(files, graph);
    const lists = files.filter(({ path }) => path === operationList);
    const listed = new Set(
      lists.flatMap((list) => operationsIn(list).entries.map(({ workflow }) => workflow)),
    );
    const made = new Set(workflows.map(({ name }) => name));
    return [
      ...lists.flatMap((list) =>
        operationsIn(list).entries.flatMap(({ name, workflow, node }) =>
          made.has(workflow) ? [] : [faultAt(list, node, unmade(name))],
        ),
      ),
      ...workflows.filter(isOperation).flatMap((workflow) => {
        const { name, file, node } = workflow;
        const met = new Set(graph.walk(workflow).map(([, use]) => use.name));
        const faults = [
          ...(listed.has(name) ? [] : [unlisted(name)]),
          ...(met.has('listenForWishes') ? [] : [deaf(name)]),
          ...(met.has('parkedUntilVerify') ? [] : [alone(name)]),
        ];
        return faults.map((message) => faultAt(file, node, message));
      }),
    ];
  },
  good: [
    listing('payout'),
    example(workflowIndex, "export { payout } from './payout.js';"),
    example(
      'src/workflows/payout.ts',
      "import { untilEnded } from './course.js';",
      'export async function payout(asked: Envelope<PayoutCommand>) { return untilEnded(asked); }',
    ),
    example(
      'src/workflows/course.ts',
      'export const untilEnded = (asked: Envelope) => parkedUntilVerify(listenForWishes());',
    ),
  ],
  bad: [
    [listing('payout'), 'listenForWishes(); parkedUntilVerify();', unlisted('tip')] as const,
    [listing('tip'), 'parkedUntilVerify();', deaf('tip')] as const,
    [listing('tip'), 'listenForWishes();', alone('tip')] as const,
    [listing('sink'), '', unmade('sink')] as const,
  ].map(([listed, line, message]) => ({
    files: [
      listed,
      example(workflowIndex, "export { tip } from './tip.js';"),
      example(
        'src/workflows/tip.ts',
        `export async function tip(asked: Envelope<TipCommand>) { ${line} }`,
      ),
    ],
    message,
  })),
};

const evidence = 'src/domain/evidence.ts';
const finals = new Set(['Settled', 'Returned', 'Fail']);
const early = (name: string) =>
  `${name} may return what is not the end: Temporal says completed, the money stays held, and ` +
  'nothing looks at it any more; return what a loop that parks returns';
const notFinal = (type: string) =>
  `${type} is no end: an operation that returns it is completed with its money held`;

/** A workflow completes when its operation has ended, settled or refused, and not before. */
export const finalResults: Rule = {
  name: 'final-results',
  house: true,
  covers: (path) => path === evidence || inWorkflows(path),
  check(files) {
    const graph = callGraphOf(files.filter(({ path }) => inWorkflows(path)));
    return [
      ...files.filter(({ path }) => path === evidence).flatMap(checkResults),
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

function faultAt(file: SourceFile, { start }: { readonly start: number }, message: string): Fault {
  return { path: file.path, line: lineAt(file, start), message };
}

function listing(workflow: string): SourceFile {
  const line = `export const commands = { ${workflow}: { workflow: '${workflow}' } } as const;`;
  return example(operationList, line);
}
