import { join } from 'node:path/posix';
import { example, type Rule, type SourceFile } from './rule.js';
import { faultsOf, lineAt, syntaxOf } from './syntax.js';

const index = 'src/workflows/index.ts';
const linesMax = 40;
const onlyExports = 'index.ts holds only lines like: export { payment } from a file of this room';
const sharedState = 'state of a module leaks into other executions; keep it inside the workflow';
const notWorkflow = (name: string) =>
  `${name} is not an async function: every export of index.ts becomes a workflow`;
const tooLong = (name: string, lines: number) =>
  `workflow ${name} has ${lines} lines; at most ${linesMax} fit a screen`;

/** What workflows/index.ts exports becomes a workflow, so it exports nothing else. */
export const workflowExports: Rule = {
  name: 'workflow-exports',
  house: true,
  covers: inWorkflows,
  check(files) {
    return files
      .filter(({ path }) => path === index)
      .flatMap((file) => [
        ...faultsOf(file, (report) => ({
          Program: ({ body }) => {
            for (const line of body) {
              const passesOn = line.type === 'ExportNamedDeclaration' && line.source !== null;
              if (!passesOn || line.exportKind === 'type') report(line, onlyExports);
            }
          },
        })),
        ...workflowsOf(file, files).flatMap(({ name, line, body }) => {
          if (!body?.async) return [{ path: index, line, message: notWorkflow(name) }];
          const { length } = body.text.split('\n');
          return length > linesMax
            ? [{ path: body.path, line: body.line, message: tooLong(name, length) }]
            : [];
        }),
      ]);
  },
  good: [
    example(index, "export { payment } from './payment.js';"),
    example(
      'src/workflows/payment.ts',
      'export async function payment() {}',
      'export const stepsMax = 3;',
    ),
  ],
  bad: [
    {
      files: [example(index, 'export const stepsMax = 3;')],
      message: onlyExports,
    },
    {
      files: [
        example(index, "export { stepsMax } from './payment.js';"),
        example('src/workflows/payment.ts', 'export const stepsMax = 3;'),
      ],
      message: notWorkflow('stepsMax'),
    },
    {
      files: [
        example(index, "export { payment } from './payment.js';"),
        example('src/workflows/payment.ts', 'export function payment() {}'),
      ],
      message: notWorkflow('payment'),
    },
    {
      files: [
        example(index, "export { payment } from './payment.js';"),
        example(
          'src/workflows/payment.ts',
          'export async function payment() {',
          ...Array.from({ length: linesMax }, (_, step) => `  await step(${step});`),
          '}',
        ),
      ],
      message: tooLong('payment', linesMax + 2),
    },
  ],
};

/** No workflow file holds state of its own. */
export const workflowState: Rule = {
  name: 'workflow-state',
  covers: inWorkflows,
  check: (files) =>
    files.flatMap((file) =>
      syntaxOf(file).program.body.flatMap((line) => {
        const declaration = line.type === 'ExportNamedDeclaration' ? line.declaration : line;
        if (declaration?.type !== 'VariableDeclaration' || declaration.kind === 'const') return [];
        return [{ path: file.path, line: lineAt(file, line.start), message: sharedState }];
      }),
    ),
  good: [
    example(
      'src/workflows/payment.ts',
      'const stepsMax = 3;',
      'export async function payment() {',
      '  let step = 0;',
      '  while (step < stepsMax) step += 1;',
      '}',
    ),
  ],
  bad: ['let steps = 0;', 'export var steps = 0;'].map((line) => ({
    files: [example('src/workflows/payment.ts', line)],
    message: sharedState,
  })),
};

interface Workflow {
  readonly name: string;
  readonly line: number;
  /** Undefined when what is exported is not a function. */
  readonly body?: { path: string; line: number; async: boolean; text: string } | undefined;
}

function inWorkflows(path: string): boolean {
  return /^src\/workflows\/.*\.ts$/.test(path);
}

function workflowsOf(file: SourceFile, files: readonly SourceFile[]): readonly Workflow[] {
  return syntaxOf(file).program.body.flatMap((line) => {
    if (line.type !== 'ExportNamedDeclaration' || !line.source || line.exportKind === 'type') {
      return [];
    }
    const path = join('src/workflows', line.source.value).replace(/\.js$/, '.ts');
    const target = files.find((other) => other.path === path);
    return line.specifiers.map(({ local, start }) => {
      const name = local.type === 'Literal' ? local.value : local.name;
      return { name, line: lineAt(file, start), body: target && functionOf(target, name) };
    });
  });
}

function functionOf(file: SourceFile, name: string): Workflow['body'] {
  for (const line of syntaxOf(file).program.body) {
    const declared = line.type === 'ExportNamedDeclaration' ? line.declaration : undefined;
    if (declared?.type !== 'FunctionDeclaration' || declared.id?.name !== name) continue;
    const text = file.text.slice(line.start, line.end);
    return { path: file.path, line: lineAt(file, line.start), async: declared.async, text };
  }
  return undefined;
}
