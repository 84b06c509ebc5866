import { callGraphOf } from './call-graph.js';
import {
  isOperation,
  operationList,
  operationsIn,
  workflowIndex,
  workflowsIn,
} from './operations.js';
import { example, type Rule, type SourceFile } from './rule.js';
import { faultAt } from './syntax.js';

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
        const called = graph.walk(workflow).filter(([, use]) => use.isCalled);
        const met = new Set(called.map(([, use]) => use.name));
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

function listing(workflow: string): SourceFile {
  const line = `export const commands = { ${workflow}: { workflow: '${workflow}' } } as const;`;
  return example(operationList, line);
}
