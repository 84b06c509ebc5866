import { join } from 'node:path/posix';
import type { Node } from 'oxc-parser';
import type { SourceFile } from './rule.js';
import { faultsOf, syntaxOf } from './syntax.js';

/** A name that a function uses. */
export interface Use {
  readonly name: string;
  readonly start: number;
  readonly isCalled: boolean;
  /** What the innermost scope of cancellation around it does; undefined where there is none. */
  readonly scope?: Scope | undefined;
}

type Scope = 'shielded' | 'exposed';
const scopes: Readonly<Record<string, Scope>> = {
  nonCancellable: 'shielded',
  cancellable: 'exposed',
  withTimeout: 'exposed',
};

/** A function at the top of a file of the workflows. */
export interface GraphFunction {
  readonly name: string;
  readonly file: SourceFile;
  readonly node: Node;
  readonly parameters: readonly Node[];
  readonly uses: readonly Use[];
}

export interface CallGraph {
  readonly functions: readonly GraphFunction[];
  /** The function that this name means in this file, if it is one of the workflows' own. */
  find(file: SourceFile, name: string): GraphFunction | undefined;
  /** All that is used on the way from a function on, with the function that uses it. */
  walk(
    from: GraphFunction,
    follows?: (use: Use) => boolean,
  ): readonly (readonly [GraphFunction, Use])[];
}

/** Which function of the workflows uses what; by name, so that it sees more than is run. */
export function callGraphOf(files: readonly SourceFile[]): CallGraph {
  const raw = files.flatMap((file) => functionsIn(file, () => false));
  const shields = new Set(raw.filter(isShield).map(({ name }) => name));
  const all = files.flatMap((file) => functionsIn(file, (name) => shields.has(name)));
  const byPlace = new Map(all.map((one) => [placeOf(one.file.path, one.name), one]));
  const imported = new Map(files.map((file) => [file.path, importsOf(file)]));

  const find: CallGraph['find'] = (file, name) =>
    byPlace.get(placeOf(file.path, name)) ??
    byPlace.get(imported.get(file.path)?.get(name) ?? placeOf(file.path, name));

  return {
    functions: all,
    find,
    walk(from, follows = () => true) {
      const [seen, met] = [new Set([from]), [] as [GraphFunction, Use][]];
      // A set walks on over what is put into it on the way.
      for (const one of seen) {
        for (const use of one.uses.filter(follows)) {
          met.push([one, use]);
          const next = find(one.file, use.name);
          if (next !== undefined) seen.add(next);
        }
      }
      return met;
    },
  };
}

/** What `CancellationScope.nonCancellable` and the like do. */
function scopeOf(callee: Node): Scope | undefined {
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return undefined;
  return scopes[callee.property.name];
}

/** A function that calls what it is given shielded, and never otherwise. */
function isShield({ parameters, uses }: GraphFunction): boolean {
  return parameters.some((parameter) => {
    if (parameter.type !== 'Identifier') return false;
    const calls = uses.filter(({ name, isCalled }) => isCalled && name === parameter.name);
    return calls.length > 0 && calls.every(({ scope }) => scope === 'shielded');
  });
}

function functionsIn(
  file: SourceFile,
  isShieldName: (name: string) => boolean,
): readonly GraphFunction[] {
  const uses = usesIn(file, isShieldName);
  return syntaxOf(file).program.body.flatMap((line) => {
    const declared = line.type === 'ExportNamedDeclaration' ? line.declaration : line;
    const within = (name: string, node: Node, parameters: readonly Node[]): GraphFunction => ({
      ...{ name, file, node, parameters },
      uses: uses.filter(({ start }) => start > node.start && start < node.end),
    });
    if (declared?.type === 'FunctionDeclaration' && declared.id !== null) {
      return [within(declared.id.name, declared, declared.params)];
    }
    if (declared?.type !== 'VariableDeclaration') return [];
    return declared.declarations.flatMap(({ id, init }) =>
      id.type === 'Identifier' && init?.type === 'ArrowFunctionExpression'
        ? [within(id.name, init, init.params)]
        : [],
    );
  });
}

function usesIn(file: SourceFile, isShieldName: (name: string) => boolean): readonly Use[] {
  const names: { readonly name: string; readonly start: number }[] = [];
  const called = new Set<number>();
  const ranges: { readonly start: number; readonly end: number; readonly scope: Scope }[] = [];
  faultsOf(file, () => ({
    Identifier: ({ name, start }) => void names.push({ name, start }),
    CallExpression({ callee, arguments: given }) {
      if (callee.type === 'Identifier') called.add(callee.start);
      const byName = callee.type === 'Identifier' && isShieldName(callee.name);
      const scope = byName ? 'shielded' : scopeOf(callee);
      if (scope) ranges.push(...given.map(({ start, end }) => ({ start, end, scope })));
    },
  }));
  return names.map(({ name, start }) => ({
    ...{ name, start, isCalled: called.has(start) },
    // Calls are met from the outside in: the last one around it is the innermost.
    scope: ranges.findLast((range) => range.start <= start && start < range.end)?.scope,
  }));
}

/** What the file's imports of its own room mean. */
function importsOf(file: SourceFile): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  for (const line of syntaxOf(file).program.body) {
    if (line.type !== 'ImportDeclaration' || !line.source.value.startsWith('./')) continue;
    const path = join(file.path, '..', line.source.value).replace(/\.js$/, '.ts');
    for (const specifier of line.specifiers) {
      if (specifier.type !== 'ImportSpecifier' || specifier.imported.type !== 'Identifier')
        continue;
      places.set(specifier.local.name, placeOf(path, specifier.imported.name));
    }
  }
  return places;
}

function placeOf(path: string, name: string): string {
  return `${path}#${name}`;
}
