import { type OperationEntry, operationList, operationsIn, unreadList } from './operations.js';
import { example, type Fault, type Rule, type SourceFile } from './rule.js';
import { faultAt } from './syntax.js';

const conforming = /^conforms\(\{\s*of: '(\w+)'/gm;
const missing = (name: string) =>
  `${name} needs conforms({ of: '${name}' ... }) in test/operations: nobody has killed it at ` +
  'each step, and there it charges twice';

/** Every operation passes the battery: refused, repeated, killed and cancelled at each step. */
export const everyOperationConforms: Rule = {
  name: 'every-operation-conforms',
  house: true,
  covers: (path) => path === operationList || /^test\/operations\/.*\.test\.ts$/.test(path),
  check: (files) => {
    const named = new Set(
      files.flatMap(({ text }) => Array.from(text.matchAll(conforming), ([, name]) => name)),
    );
    return faultsOfOperations(files, ({ name }) => (named.has(name) ? undefined : missing(name)));
  },
  good: [
    example(operationList, "export const commands = { payment: { domain: 'Payment' } } as const;"),
    example('test/operations/payment.test.ts', "conforms({ of: 'payment', name: 'a payment' });"),
  ],
  bad: [
    {
      files: [
        example(operationList, 'export const commands = { payment: {}, refund: {} } as const;'),
        example(
          'test/operations/payment.test.ts',
          "conforms({ of: 'payment' });",
          "run('refund');",
        ),
      ],
      message: missing('refund'),
    },
    { files: [example(operationList, 'export const commands = all();')], message: unreadList },
  ],
};

const begins = /"workflowType": \{\s*"name": "(\w+)"/;
const unrecorded = (name: string) =>
  `${name} has no history in test/replay/histories: a deploy that does not replay it stops every ` +
  'one that is open, with its money held';

/** Every operation has a recorded history that the workflows of today must replay. */
export const everyOperationReplays: Rule = {
  name: 'every-operation-replays',
  house: true,
  covers: (path) => path === operationList || /^test\/replay\/histories\/.*\.json$/.test(path),
  check: (files) => {
    const recorded = new Set(files.map(({ text }) => begins.exec(text)?.[1]));
    return faultsOfOperations(files, ({ name, workflow }) =>
      recorded.has(workflow) ? undefined : unrecorded(name),
    );
  },
  good: [
    example(operationList, "export const commands = { funding: { workflow: 'fundAccount' } };"),
    example(
      'test/replay/histories/account-funded.json',
      '{ "workflowType": {',
      '  "name": "fundAccount" } }',
    ),
  ],
  bad: [
    {
      files: [
        example(operationList, "export const commands = { funding: { workflow: 'fundAccount' } };"),
        example('test/replay/histories/funding.json', '{ "workflowType": { "name": "payment" } }'),
      ],
      message: unrecorded('funding'),
    },
    { files: [example(operationList, 'export const commands = all();')], message: unreadList },
  ],
};

function faultsOfOperations(
  files: readonly SourceFile[],
  faultOf: (operation: OperationEntry) => string | undefined,
): readonly Fault[] {
  return files
    .filter(({ path }) => path === operationList)
    .flatMap((file) => {
      const { entries, unread } = operationsIn(file);
      return [
        ...unread.map((node) => faultAt(file, node, unreadList)),
        ...entries.flatMap((operation) => {
          const message = faultOf(operation);
          return message === undefined ? [] : [faultAt(file, operation.node, message)];
        }),
      ];
    });
}
