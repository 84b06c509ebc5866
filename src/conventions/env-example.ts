import { example, type Fault, type Rule, type SourceFile } from './rule.js';
import { faultsOf, lineAt } from './syntax.js';

const file = '.env.example';
const missing = (name: string) => `${name} is missing: the configuration knows it`;
const unknown = (name: string) => `the configuration does not know ${name}`;

/** `.env.example` lists exactly the variables that the configuration knows. */
export const envExample: Rule = {
  name: 'env-example',
  house: true,
  covers: (path) => path === file || /^src\/main\/config[^/]*\.ts$/.test(path),
  check(files) {
    const shown = files.find(({ path }) => path === file) ?? { path: file, text: '' };
    const known = new Set(files.filter((each) => each !== shown).flatMap(variablesOf));
    const listed = [...shown.text.matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)];
    const names = new Set(listed.map(([, name]) => name));
    return [
      ...[...known].flatMap((name): readonly Fault[] =>
        names.has(name) ? [] : [{ path: file, line: 1, message: missing(name) }],
      ),
      ...listed.flatMap(({ 1: name = '', index }): readonly Fault[] =>
        known.has(name) ? [] : [{ path: file, line: lineAt(shown, index), message: unknown(name) }],
      ),
    ];
  },
  good: [
    example('src/main/config.ts', 'export const variables = { PORT: {}, DATABASE_URL: {} };'),
    example(file, '# The ledger.', 'DATABASE_URL=postgres://', '#PORT=3000'),
  ],
  bad: [
    {
      files: [
        example('src/main/config.ts', 'export const variables = { PORT: {} };'),
        example(file, '# PORT'),
      ],
      message: missing('PORT'),
    },
    {
      files: [
        example('src/main/config.ts', 'export const variables = { PORT: {} } as const;'),
        example(file, 'PORT=1', 'HOST=::1'),
      ],
      message: unknown('HOST'),
    },
  ],
};

/** The names in `export const variables = { NAME: ... }`. */
function variablesOf(source: SourceFile): readonly string[] {
  const names: string[] = [];
  faultsOf(source, () => ({
    VariableDeclarator({ id, init }) {
      if (id.type !== 'Identifier' || id.name !== 'variables') return;
      let value = init;
      while (value?.type === 'TSAsExpression' || value?.type === 'TSSatisfiesExpression') {
        value = value.expression;
      }
      if (value?.type !== 'ObjectExpression') return;
      for (const property of value.properties) {
        if (property.type !== 'Property' || property.key.type !== 'Identifier') continue;
        names.push(property.key.name);
      }
    },
  }));
  return names;
}
