import { example, type Fault, type Rule, type SourceFile } from './rule.js';

const definition = /create\s+(?:or\s+replace\s+)?function\s+([\w.]+)/gi;
const notInstalled = (migration: string) =>
  `${migration} does not install this text; write a migration that does`;
const noMigration = 'no migration installs this text';

/** The source of a verb beside its TypeScript is what the newest migration of it installs. */
export const installedSql: Rule = {
  name: 'installed-sql',
  house: true,
  covers: (path) => /^src\/.*\.sql$/.test(path) || isMigration(path),
  check(files) {
    const migrations = files
      .filter(({ path }) => isMigration(path))
      .toSorted((one, other) => (one.path < other.path ? -1 : 1));
    return files
      .filter(({ path }) => !isMigration(path))
      .flatMap((source) => checkSource(source, migrations));
  },
  good: [
    example('src/ledger/hold.sql', 'create function ledger.hold_v1() select 2;'),
    example('drizzle/0000_a.sql', 'create function ledger.hold_v1() select 1;'),
    example('drizzle/0001_b.sql', '-- why', 'create function ledger.hold_v1() select 2;'),
  ],
  bad: [
    {
      files: [
        example('src/ledger/hold.sql', 'create function ledger.hold_v1() select 2;'),
        example('drizzle/0000_a.sql', 'create function ledger.hold_v1() select 2;'),
        example('drizzle/0001_b.sql', 'create function ledger.hold_v1() select 1;'),
      ],
      message: notInstalled('drizzle/0001_b.sql'),
    },
    {
      files: [example('src/ledger/guards.sql', 'create trigger guard;')],
      message: noMigration,
    },
  ],
};

const message =
  'the first line says why, and whether old workers survive it: `-- why. ... workers ...`';

/** A migration says, before all else, what it means for what is running. */
export const migrationNote: Rule = {
  name: 'migration-note',
  covers: isMigration,
  check: (files) =>
    files.flatMap(({ path, text }): readonly Fault[] =>
      /^-- .*\bworkers?\b/.test(text) ? [] : [{ path, line: 1, message }],
    ),
  good: [
    example('drizzle/0002_c.sql', '-- Adds refunds. Older workers survive: nothing is dropped.'),
  ],
  bad: ['alter table ledger.hold add note text;', '-- Adds a note.'].map((line) => ({
    files: [example('drizzle/0002_c.sql', line)],
    message,
  })),
};

function isMigration(path: string): boolean {
  return /^drizzle\/[^/]+\.sql$/.test(path);
}

function checkSource(source: SourceFile, migrations: readonly SourceFile[]): readonly Fault[] {
  const text = source.text.trim();
  const stale = [...text.matchAll(definition)].flatMap(([, name = '']) => {
    const newest = migrations.findLast((migration) => namesOf(migration).has(name));
    return newest && !newest.text.includes(text) ? [newest.path] : [];
  });
  const messages = [...new Set(stale)].map(notInstalled);
  if (!migrations.some((migration) => migration.text.includes(text))) messages.push(noMigration);
  // One message is enough to act on.
  return messages.slice(0, 1).map((said) => ({ path: source.path, line: 1, message: said }));
}

function namesOf(migration: SourceFile): ReadonlySet<string> {
  return new Set([...migration.text.matchAll(definition)].map(([, name = '']) => name));
}
