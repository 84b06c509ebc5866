import { type ParseResult, parseSync, Visitor, type VisitorObject } from 'oxc-parser';
import type { Fault, SourceFile } from './rule.js';

const parsed = new WeakMap<SourceFile, ParseResult>();

/** The file's syntax, parsed once. Throws SyntaxError: what cannot be read must not pass. */
export function syntaxOf(file: SourceFile): ParseResult {
  const known = parsed.get(file);
  if (known) return known;
  const result = parseSync(file.path, file.text);
  const [error] = result.errors;
  if (error) throw new SyntaxError(`${file.path}: ${error.message}`);
  parsed.set(file, result);
  return result;
}

/** The faults that a walk over the file's syntax reports, by node. */
export function faultsOf(
  file: SourceFile,
  walk: (report: (node: { readonly start: number }, message: string) => void) => VisitorObject,
): readonly Fault[] {
  const faults: Fault[] = [];
  const visitor = walk((node, message) => faults.push(faultAt(file, node, message)));
  new Visitor(visitor).visit(syntaxOf(file).program);
  return faults;
}

/** What is said of a node of the file's syntax. */
export function faultAt(
  file: SourceFile,
  node: { readonly start: number },
  message: string,
): Fault {
  return { path: file.path, line: lineAt(file, node.start), message };
}

/** The line that holds a character, from 1. */
export function lineAt(file: SourceFile, offset: number): number {
  let line = 1;
  for (let at = file.text.indexOf('\n'); at !== -1 && at < offset; line += 1) {
    at = file.text.indexOf('\n', at + 1);
  }
  return line;
}

/** Whether the file is TypeScript of the product itself. */
export function isSource(path: string): boolean {
  return path.startsWith('src/') && path.endsWith('.ts');
}

/** Whether the file is code of any kind: product, tests, benchmarks. */
export function isCode(path: string): boolean {
  return /^(src|test|bench)\/.*\.(ts|mjs)$/.test(path);
}
