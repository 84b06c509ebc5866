import { example, type Fault, type Rule } from './rule.js';
import { faultsOf, isCode, isSource } from './syntax.js';

const vague = /^(utils?|helpers?|types|common|misc|shared)$/;
const word = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const notKebab = 'names of files and folders are kebab-case';
const saysNothing = (stem: string) => `${stem} says nothing: name the file for what it exports`;

/** A file is named for the one thing it exports. */
export const fileNames: Rule = {
  name: 'file-names',
  covers: (path) => /^(src|test|bench)\/.*\.(ts|mjs|sql)$/.test(path),
  check: (files) =>
    files.flatMap(({ path }): readonly Fault[] => {
      const names = path.replace(/(\.test)?\.\w+$/, '').split('/');
      const stem = names.at(-1) ?? '';
      if (vague.test(stem)) return [{ path, line: 1, message: saysNothing(stem) }];
      return names.every((name) => word.test(name)) ? [] : [{ path, line: 1, message: notKebab }];
    }),
  good: [example('src/ledger/open-account.ts'), example('test/ledger/open-account.test.ts')],
  bad: [
    { files: [example('src/ledger/openAccount.ts')], message: notKebab },
    { files: [example('src/Ledger/hold.ts')], message: notKebab },
    { files: [example('src/ledger/utils.ts')], message: saysNothing('utils') },
  ],
};

const star = 'export by name: `export *` hides what a room offers';
const unnamed = 'export by name: a default export has another name in every file';

/** What a file offers can be read in it, and found by its name. */
export const namedExports: Rule = {
  name: 'named-exports',
  covers: (path) => isCode(path),
  check: (files) =>
    files.flatMap((file) =>
      faultsOf(file, (report) => ({
        ExportAllDeclaration: (node) => report(node, star),
        ExportDefaultDeclaration: (node) => report(node, unnamed),
        ExportSpecifier(node) {
          if (node.exported.type === 'Identifier' && node.exported.name === 'default') {
            report(node, unnamed);
          }
        },
      })),
    ),
  good: [example('src/ledger/index.ts', "export { hold } from './hold.js';")],
  bad: [
    ["export * from './hold.js';", star],
    ["export * as verbs from './hold.js';", star],
    ["export type * from './hold.js';", star],
    ['export default function hold() {}', unnamed],
    ["export { hold as default } from './hold.js';", unnamed],
  ].map(([line = '', message = '']) => ({
    files: [example('src/ledger/index.ts', line)],
    message,
  })),
};

const noEnum = 'no enum: a union of string literals, or `as const`';
const noNamespace = 'no namespace: a module is one';
const noParameterProperty = 'no parameter property: write the field and its assignment';

/** Types can be taken away and the rest is JavaScript. */
export const erasable: Rule = {
  name: 'erasable',
  covers: (path) => isSource(path) || isCode(path),
  check: (files) =>
    files.flatMap((file) =>
      faultsOf(file, (report) => ({
        TSEnumDeclaration: (node) => report(node, noEnum),
        // `declare module 'fastify'` and `declare global` only add types.
        TSModuleDeclaration: (node) => node.kind === 'namespace' && report(node, noNamespace),
        TSParameterProperty: (node) => report(node, noParameterProperty),
      })),
    ),
  good: [
    example('src/gateway/app.ts', "declare module 'fastify' { interface FastifyRequest {} }"),
    example('src/domain/outcome.ts', "export type Kind = 'ok' | 'retry' | 'fail' | 'unknown';"),
  ],
  bad: [
    ['export enum Kind { Ok }', noEnum],
    ['export const enum Kind { Ok }', noEnum],
    ['export namespace Kinds { export const ok = 1; }', noNamespace],
    ['export class Kind { constructor(readonly name: string) {} }', noParameterProperty],
  ].map(([line = '', message = '']) => ({
    files: [example('src/domain/outcome.ts', line)],
    message,
  })),
};
