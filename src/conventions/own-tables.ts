import { rooms } from './rooms.js';
import { example, type Rule, type SourceFile } from './rule.js';
import { faultsOf, isSource } from './syntax.js';

const writes =
  /\b(?:insert\s+into|update|delete\s+from|merge\s+into|truncate(?:\s+table)?)\s+"?(\w+)"?\./gi;
const verbs = ['insert into', 'update', 'delete from', 'merge into', 'truncate'];

/** A table is written only by the room that declares it: a schema has the name of its room. */
export const ownTables: Rule = {
  name: 'own-tables',
  covers: isSource,
  check: (files) =>
    files.flatMap((file) =>
      faultsOf(file, (report) => {
        const [, own = ''] = file.path.split('/');
        const check = (node: { start: number }, text: string) => {
          for (const [, schema = ''] of text.matchAll(writes)) {
            if (schema === own || !Object.hasOwn(rooms, schema)) continue;
            report(node, `${own} may not write the tables of ${schema}`);
          }
        };
        return {
          Literal: (node) => typeof node.value === 'string' && check(node, node.value),
          TemplateElement: (node) => check(node, node.value.raw),
        };
      }),
    ),
  good: [
    ...verbs.map((verb) => writing('src/ledger/fix.ts', verb)),
    example('src/gateway/list.ts', 'export const list = sql`select * from ledger.operation`;'),
  ],
  bad: verbs.map((verb) => ({
    files: [writing('src/gateway/fix.ts', verb)],
    message: 'gateway may not write the tables of ledger',
  })),
};

function writing(path: string, verb: string): SourceFile {
  return example(path, `export const fix = sql\`${verb} ledger.account ...\`;`);
}
