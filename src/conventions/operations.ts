import { join } from 'node:path/posix';
import type { Node } from 'oxc-parser';
import type { CallGraph, GraphFunction } from './call-graph.js';
import type { SourceFile } from './rule.js';
import { faultsOf, syntaxOf } from './syntax.js';

/** Where the operations are written out. */
export const operationList = 'src/domain/command.ts';
/** What a rule says of a list that it cannot read. */
export const unreadList = 'the operations are written out here, one property each';
/** What this file exports becomes a workflow. */
export const workflowIndex = 'src/workflows/index.ts';

/** One property of `commands`. */
export interface OperationEntry {
  readonly name: string;
  readonly workflow: string;
  readonly node: { readonly start: number };
}

/** The operations that the list has; undefined, with where it stands, when it cannot be read. */
export function operationsIn(file: SourceFile): {
  readonly entries: readonly OperationEntry[];
  readonly unread: readonly { readonly start: number }[];
} {
  const entries: OperationEntry[] = [];
  const unread: { readonly start: number }[] = [];
  faultsOf(file, () => ({
    VariableDeclarator({ id, init }) {
      if (id.type !== 'Identifier' || id.name !== 'commands') return;
      const written = init?.type === 'TSAsExpression' ? init.expression : init;
      if (written?.type !== 'ObjectExpression') return void unread.push(id);
      for (const node of written.properties) {
        if (node.type !== 'Property' || node.key.type !== 'Identifier') continue;
        entries.push({ name: node.key.name, workflow: workflowIn(node.value), node });
      }
    },
  }));
  return { entries, unread };
}

/** The functions that index.ts makes workflows of. */
export function workflowsIn(
  files: readonly SourceFile[],
  graph: CallGraph,
): readonly GraphFunction[] {
  const index = files.find(({ path }) => path === workflowIndex);
  if (index === undefined) return [];
  return syntaxOf(index).program.body.flatMap((line) => {
    if (line.type !== 'ExportNamedDeclaration' || line.source === null) return [];
    const path = join('src/workflows', line.source.value).replace(/\.js$/, '.ts');
    const file = files.find((other) => other.path === path);
    return line.specifiers.flatMap(({ local }) => {
      const found = file && local.type === 'Identifier' ? graph.find(file, local.name) : undefined;
      return found === undefined ? [] : [found];
    });
  });
}

/** True for a workflow that is given an envelope: it carries out an operation. */
export function isOperation({ file, parameters }: GraphFunction): boolean {
  const [first] = parameters;
  return first !== undefined && /:\s*Envelope\b/.test(file.text.slice(first.start, first.end));
}

function workflowIn(value: Node): string {
  if (value.type !== 'ObjectExpression') return '';
  for (const property of value.properties) {
    if (property.type !== 'Property' || property.key.type !== 'Identifier') continue;
    if (property.key.name !== 'workflow' || property.value.type !== 'Literal') continue;
    return String(property.value.value);
  }
  return '';
}
