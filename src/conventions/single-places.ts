import { type BadExample, example, type Rule, type SourceFile } from './rule.js';
import { faultsOf, isSource } from './syntax.js';

interface Place {
  readonly name: string;
  /** The only file that may. */
  readonly place: string;
  readonly message: string;
  readonly covers: (path: string) => boolean;
  /** Dotted names, as in `process.env`, that are used nowhere else; `A.*` is every member. */
  readonly uses: readonly string[];
  readonly bad: readonly string[];
}

/** The environment is read in one place. Scripts (.mjs) run before TypeScript can, so not they. */
export const environment = singlePlace({
  name: 'environment',
  place: 'src/main/config.ts',
  message: 'the environment is read in src/main/config.ts alone; take the value as an argument',
  covers: (path) => isSource(path) || path.startsWith('bench/'),
  uses: ['process.env', 'process.loadEnvFile'],
  bad: [
    'export const port = process.env.PORT;',
    "export const port = process['env'].PORT;",
    'const { env } = process;',
    "import { env } from 'node:process';",
  ],
});

/** Gates of versions are named functions in one file, so that one sees which may be removed. */
export const versionGates = singlePlace({
  name: 'version-gates',
  place: 'src/workflows/versions.ts',
  message: 'a version gate is a named function in src/workflows/versions.ts',
  covers: isSource,
  uses: ['patched', 'deprecatePatch'],
  bad: [
    "export const isNew = () => patched('charge-first');",
    "export const isNew = () => deprecatePatch('charge-first');",
  ],
});

/** One file sorts faults: elsewhere a business answer is a value. */
export const faultMaker = singlePlace({
  name: 'fault-maker',
  place: 'src/activities/faults.ts',
  message: 'src/activities/faults.ts is the only maker of an ApplicationFailure',
  covers: isSource,
  uses: ['ApplicationFailure.*', 'new ApplicationFailure'],
  bad: ["throw ApplicationFailure.nonRetryable('no');", "throw new ApplicationFailure('no');"],
});

/** Workflows and the domain give the same answer at every replay. */
export const clocksAndDice = singlePlace({
  name: 'clocks-and-dice',
  place: 'src/workflows/clock.ts',
  message:
    'no clock and no randomness here: take the time from src/workflows/clock.ts, ids as input',
  covers: (path) => /^src\/(workflows|domain)\/.*\.ts$/.test(path),
  uses: [
    'Date.now',
    'new Date',
    'Math.random',
    'performance.*',
    'crypto.*',
    'process.*',
    'setTimeout',
    'setInterval',
    'setImmediate',
    'queueMicrotask',
    'uuid4',
    'nanoid',
  ],
  bad: [
    'export const now = () => Date.now();',
    'export const now = () => new Date();',
    'export const dice = () => Math.random();',
    'export const id = () => crypto.randomUUID();',
    'export const id = () => globalThis.crypto.randomUUID();',
    'export const later = () => setTimeout(() => {}, 1);',
    "import { uuid4 } from '@temporalio/workflow';",
  ],
});

function singlePlace({ name, place, message, covers, uses, bad }: Place): Rule {
  const anyFile = example(place.replace(/[^/]*$/, 'any.ts'));
  return {
    name,
    covers,
    check: (files) =>
      files.filter((file) => file.path !== place).flatMap((file) => check(file, uses, message)),
    good: [
      { path: place, text: bad.join('\n') },
      { ...anyFile, text: `// ${bad.join(' ')}\nexport const said = ${JSON.stringify(bad)};\n` },
    ],
    bad: bad.map((text): BadExample => ({ files: [{ ...anyFile, text }], message })),
  };
}

function check(file: SourceFile, uses: readonly string[], message: string) {
  const isUsed = (name: string) =>
    uses.some((use) => use === name || (use.endsWith('.*') && name.startsWith(use.slice(0, -1))));

  return faultsOf(file, (report) => ({
    MemberExpression(node) {
      const { object, property, computed } = node;
      // `globalThis.crypto` is `crypto`.
      const owner = object.type === 'MemberExpression' ? object.property : object;
      if (owner.type !== 'Identifier') return;
      const member = computed
        ? property.type === 'Literal' && String(property.value)
        : property.type === 'Identifier' && property.name;
      if (isUsed(`${owner.name}.${member}`)) report(node, message);
    },
    VariableDeclarator({ id, init }) {
      if (id.type !== 'ObjectPattern' || init?.type !== 'Identifier') return;
      for (const property of id.properties) {
        if (property.type !== 'Property' || property.key.type !== 'Identifier') continue;
        if (isUsed(`${init.name}.${property.key.name}`)) report(property, message);
      }
    },
    CallExpression({ callee }) {
      if (callee.type === 'Identifier' && isUsed(callee.name)) report(callee, message);
    },
    NewExpression({ callee }) {
      if (callee.type === 'Identifier' && isUsed(`new ${callee.name}`)) report(callee, message);
    },
    ImportDeclaration({ source, specifiers }) {
      for (const specifier of specifiers) {
        if (specifier.type !== 'ImportSpecifier') continue;
        const { imported } = specifier;
        const name = imported.type === 'Identifier' ? imported.name : imported.value;
        const owner = source.value.replace(/^node:/, '');
        if (isUsed(name) || isUsed(`${owner}.${name}`)) report(specifier, message);
      }
    },
  }));
}
