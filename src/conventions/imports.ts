import { dirname, join } from 'node:path/posix';
import { rooms } from './rooms.js';
import { example, type Fault, type Rule, type SourceFile } from './rule.js';
import { faultsOf, isSource } from './syntax.js';

/**
 * The import table of rooms.ts. `import { type X }` counts as a value: unlike `import type`, it
 * loads the other file. That `ledger/index` is imported by `main` alone follows from the table.
 */
export const importTable: Rule = {
  name: 'import-table',
  covers: isSource,
  check: (files) => files.flatMap(checkImports),
  good: [
    example('src/ledger/hold.ts', "import { execute } from '../database/index.js';"),
    example('src/workflows/payment.ts', "import type { Steps } from '../activities/payment.js';"),
    example('src/gateway/payments.ts', "import { readsOf } from '../ledger/reads.js';"),
    example('src/main/worker.ts', "import { createLedger } from '../ledger/index.js';"),
    example('src/providers/sandbox/client.ts', "import { answer } from '../call.js';"),
  ],
  bad: [
    {
      files: [example('src/gateway/pay.ts', "import { createLedger } from '../ledger/index.js';")],
      message: 'gateway may not import values of ledger/index; `import type` is allowed',
    },
    {
      files: [
        example('src/workflows/pay.ts', "import { type Steps } from '../activities/index.js';"),
      ],
      message: 'workflows may not import values of activities/index; `import type` is allowed',
    },
    {
      files: [example('src/domain/ids.ts', "import { createHash } from 'node:crypto';")],
      message: 'domain may not import values of node:crypto',
    },
    {
      files: [example('src/domain/ids.ts', "import type { Client } from '../client/index.js';")],
      message: 'domain may not import types of client/index',
    },
    {
      files: [example('src/client/start.ts', "export { payment } from '../workflows/index.js';")],
      message: 'client may not import values of workflows/index; `import type` is allowed',
    },
    {
      files: [
        example('src/activities/pay.ts', "const ledger = await import('../ledger/hold.js');"),
      ],
      message: 'activities may not import values of ledger/hold; `import type` is allowed',
    },
    {
      files: [
        example('src/main/worker.ts', "import { aWorld } from '../../test/support/world.js';"),
      ],
      message: 'main may not import values of test/support/world',
    },
    {
      files: [example('src/shared/queue.ts', 'export const size = 1;')],
      message: 'shared is not a room of rooms.ts',
    },
  ],
};

interface Import {
  readonly start: number;
  readonly target: string;
  readonly kind: 'values' | 'types';
}

function checkImports(file: SourceFile): readonly Fault[] {
  const [, room = ''] = file.path.split('/');
  const allowed = rooms[room];
  if (!allowed) return [{ path: file.path, line: 1, message: `${room} is not a room of rooms.ts` }];
  const mayTypes = [...allowed.values, ...allowed.types];

  return faultsOf(file, (report) => {
    function check({ start, target, kind }: Import): void {
      const place = placeOf(file.path, target);
      if (place.startsWith(`${room}/`)) return;
      const asType = mayTypes.some((entry) => admits(entry, place));
      if (kind === 'types' ? asType : allowed?.values.some((entry) => admits(entry, place))) return;
      const hint = kind === 'values' && asType ? '; `import type` is allowed' : '';
      report({ start }, `${room} may not import ${kind} of ${place}${hint}`);
    }
    return {
      ImportDeclaration: ({ start, source, importKind }) =>
        check({ start, target: source.value, kind: kindOf(importKind) }),
      ExportAllDeclaration: ({ start, source, exportKind }) =>
        check({ start, target: source.value, kind: kindOf(exportKind) }),
      ExportNamedDeclaration: ({ start, source, exportKind }) =>
        source && check({ start, target: source.value, kind: kindOf(exportKind) }),
      TSImportType: ({ start, source }) => check({ start, target: source.value, kind: 'types' }),
      ImportExpression: ({ start, source }) =>
        check({
          start,
          // A target that is not written out could be anything.
          target: source.type === 'Literal' ? String(source.value) : '(computed)',
          kind: 'values',
        }),
    };
  });
}

function kindOf(kind: 'type' | 'value' | undefined): 'types' | 'values' {
  return kind === 'type' ? 'types' : 'values';
}

/** `ledger/hold` for a file of a room, `test/support/world` outside src, or the package's name. */
function placeOf(from: string, target: string): string {
  if (!target.startsWith('.')) return target;
  return join(dirname(from), target)
    .replace(/^src\//, '')
    .replace(/\.js$/, '');
}

function admits(entry: string, place: string): boolean {
  const [top = ''] = place.split('/');
  if (top === 'test' || top === 'bench') return false;
  if (entry === 'everything') return true;
  if (entry === 'packages') return !Object.hasOwn(rooms, top);
  if (entry.endsWith('*')) return place.startsWith(entry.slice(0, -1));
  return place === entry || place.startsWith(`${entry}/`);
}
