import { example, type Rule } from './rule.js';
import { faultsOf, isSource } from './syntax.js';

const timeout =
  'no execution or run timeout: it ends without giving money back; use a timer inside';
const settings = new Map([
  ['workflowExecutionTimeout', timeout],
  ['workflowRunTimeout', timeout],
  [
    'workflowFailureErrorTypes',
    'a bug in a workflow stops its task and waits for a fix; it never fails the operation',
  ],
]);

/** Nothing but its own code ends an operation. */
export const operationEnds: Rule = {
  name: 'operation-ends',
  covers: isSource,
  check: (files) =>
    files.flatMap((file) =>
      faultsOf(file, (report) => ({
        Property(node) {
          const message = node.key.type === 'Identifier' && settings.get(node.key.name);
          if (message) report(node, message);
        },
      })),
    ),
  good: [example('src/client/start.ts', "export const options = { workflowTaskTimeout: '5s' };")],
  bad: Array.from(settings, ([name, message]) => ({
    files: [example('src/client/start.ts', `export const options = { ${name}: undefined };`)],
    message,
  })),
};
