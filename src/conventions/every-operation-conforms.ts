import { example, type Rule } from './rule.js';
import { faultsOf } from './syntax.js';

const list = 'src/domain/command.ts';
const conforming = /^conforms\(\{\s*of: '(\w+)'/gm;
const missing = (name: string) =>
  `${name} needs conforms({ of: '${name}' ... }) in test/operations`;
const unread = 'the operations are written out here, one property each';

/** Every operation passes the battery: refused, repeated, killed and cancelled at each step. */
export const everyOperationConforms: Rule = {
  name: 'every-operation-conforms',
  covers: (path) => path === list || /^test\/operations\/.*\.test\.ts$/.test(path),
  check: (files) => {
    const named = new Set(
      files.flatMap(({ text }) => Array.from(text.matchAll(conforming), ([, name]) => name)),
    );
    return files
      .filter(({ path }) => path === list)
      .flatMap((file) =>
        faultsOf(file, (report) => ({
          VariableDeclarator({ id, init }) {
            if (id.type !== 'Identifier' || id.name !== 'commands') return;
            const written = init?.type === 'TSAsExpression' ? init.expression : init;
            if (written?.type !== 'ObjectExpression') return report(id, unread);
            for (const property of written.properties) {
              if (property.type !== 'Property' || property.key.type !== 'Identifier') continue;
              const { name } = property.key;
              if (!named.has(name)) report(property, missing(name));
            }
          },
        })),
      );
  },
  good: [
    example(list, "export const commands = { payment: { domain: 'Payment' } } as const;"),
    example('test/operations/payment.test.ts', "conforms({ of: 'payment', name: 'a payment' });"),
  ],
  bad: [
    {
      files: [
        example(list, 'export const commands = { payment: {}, refund: {} } as const;'),
        example(
          'test/operations/payment.test.ts',
          "conforms({ of: 'payment' });",
          "run('refund');",
        ),
      ],
      message: missing('refund'),
    },
    { files: [example(list, 'export const commands = all();')], message: unread },
  ],
};
