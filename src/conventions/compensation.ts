import { callGraphOf, type GraphFunction, type Use } from './call-graph.js';
import { workflowIndex, workflowsIn } from './operations.js';
import { example, type Rule, type SourceFile } from './rule.js';
import { faultAt, faultsOf, syntaxOf } from './syntax.js';

const inWorkflows = (path: string) => /^src\/workflows\/.*\.ts$/.test(path);
/** Steps that give money back or move it on, and the calls that do so outside. */
const moving = /^(settle|release)[A-Z]\w*$|^(endLate|endRide|perform|fence)$|^\w+Rows$/;
const cancellable = (step: string) =>
  `${step} can be cancelled half-way: a Cancel between two steps leaves money taken and not ` +
  'settled, or held for ever; walk it inside CancellationScope.nonCancellable';

/** What gives money back or moves it on cannot be cancelled. */
export const shieldedSteps: Rule = {
  name: 'shielded-steps',
  house: true,
  covers: inWorkflows,
  check(files) {
    const graph = callGraphOf(files);
    const walkedFrom = (from: GraphFunction) =>
      graph.walk(from, ({ scope }) => scope !== 'shielded');
    // What is made cancellable stays so, whatever is around it.
    const exposed = graph.functions.flatMap((from) =>
      from.uses
        .filter(({ scope }) => scope === 'exposed')
        .flatMap((use): readonly (readonly [GraphFunction, Use])[] => {
          const next = graph.find(from.file, use.name);
          return [[from, use], ...(next === undefined ? [] : walkedFrom(next))];
        }),
    );
    const faults = [...workflowsIn(files, graph).flatMap(walkedFrom), ...exposed]
      .filter(([, { name }]) => moving.test(name))
      .map(([{ file }, use]) => faultAt(file, use, cancellable(use.name)));
    // Two workflows may walk the same function.
    return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
  },
  good: [
    example(workflowIndex, "export { payout } from './payout.js';"),
    example(
      'src/workflows/payout.ts',
      "import { untilEnded } from './course.js';",
      'export async function payout(asked: Envelope) { return untilEnded(() => walk(asked)); }',
      'async function walk(asked: Envelope) { return ledger.releasePayout(asked); }',
    ),
    example(
      'src/workflows/course.ts',
      'export function untilEnded(walk: Walk) {',
      '  return CancellationScope.nonCancellable(async () => { for (;;) await walk(); });',
      '}',
    ),
  ],
  bad: [
    'walk(asked)',
    'CancellationScope.cancellable(() => walk(asked))',
    'after(() => walk(asked))',
    'CancellationScope.nonCancellable(() => CancellationScope.cancellable(() => walk(asked)))',
    'CancellationScope.nonCancellable(() => inTime(asked))',
  ].map((way) => ({
    files: [
      example(workflowIndex, "export { tip } from './tip.js';"),
      example(
        'src/workflows/tip.ts',
        `export async function tip(asked: Envelope) { return ${way}; }`,
        'async function walk(asked: Envelope) { return ledger.releaseTip(asked); }',
        'const inTime = (asked: Envelope) => scope.withTimeout(9, () => walk(asked));',
        'async function after(walk: Walk) { await scope.nonCancellable(note); walk(); }',
      ),
    ],
    message: cancellable('releaseTip'),
  })),
};

const swallowed =
  'an error is swallowed: money that could not be given back stays held, and nobody is told; ' +
  'pass on what is not expected, and park on the rest';

/** What goes wrong in a workflow is passed on or parked on, never dropped. */
export const swallowedErrors: Rule = {
  name: 'swallowed-errors',
  covers: inWorkflows,
  check: (files) =>
    files.flatMap((file) =>
      faultsOf(file, (report) => ({
        CatchClause(node) {
          if (!throwsWithin(file, node)) report(node, swallowed);
        },
        CallExpression(node) {
          const { callee, arguments: given } = node;
          if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
          const { name } = callee.property;
          if (name === 'allSettled') report(callee.property, swallowed);
          if (name !== 'catch') return;
          const [handler] = given;
          const isDone =
            handler?.type === 'ArrowFunctionExpression'
              ? handler.body.type === 'BlockStatement' && handler.body.body.length > 0
              : handler?.type === 'Identifier' && throwsBy(file, handler.name);
          if (!isDone) report(callee.property, swallowed);
        },
      })),
    ),
  good: [
    example(
      'src/workflows/course.ts',
      'try { await step(); } catch (error) { if (!isStepFailure(error)) throw error; park(); }',
      'void walk().catch(stuckOnFault);',
      'function stuckOnFault(error: unknown) { if (!isStepFailure(error)) throw error; }',
      'scope.cancelRequested.catch(() => { wishes.cancelled = true; });',
    ),
  ],
  bad: [
    'try { await ledger.releaseTip(asked); } catch {}',
    'try { await ledger.releaseTip(asked); } catch (error) { log.warn(String(error)); }',
    'await ledger.releaseTip(asked).catch(() => undefined);',
    'await ledger.releaseTip(asked).catch(() => {});',
    'await ledger.releaseTip(asked).catch(ignored); function ignored() {}',
    'await Promise.allSettled([ledger.releaseTip(asked)]);',
  ].map((line) => ({ files: [example('src/workflows/tip.ts', line)], message: swallowed })),
};

function throwsWithin(file: SourceFile, outer: { start: number; end: number }): boolean {
  let throws = false;
  faultsOf(file, () => ({
    ThrowStatement({ start, end }) {
      throws ||= outer.start < start && end <= outer.end;
    },
  }));
  return throws;
}

/** True for a function of this file that passes on some of what it is given. */
function throwsBy(file: SourceFile, name: string): boolean {
  return syntaxOf(file).program.body.some(
    (line) =>
      line.type === 'FunctionDeclaration' && line.id?.name === name && throwsWithin(file, line),
  );
}
