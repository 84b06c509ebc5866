/** Login roles of a ledger, for its worker and for who only reads. */
export interface RolePasswords {
  /** Executes verbs and reads: `holdfast_worker`. */
  readonly worker: { readonly password: string };
  /** Reads, and stores webhooks: `holdfast_reader`. */
  readonly reader: { readonly password: string };
}

export const workerRole = 'holdfast_worker';
export const readerRole = 'holdfast_reader';

// On the role, since a pooler in between drops what a connection asks for at its start.
const settings = {
  lock_timeout: '2s',
  statement_timeout: '3s',
  idle_in_transaction_session_timeout: '5s',
  default_transaction_isolation: 'read committed',
} as const;

/** Lets both roles see which schema there is. */
export const journalGrants = `
grant usage on schema drizzle to ${workerRole}, ${readerRole};
grant select on drizzle.__drizzle_migrations to ${workerRole}, ${readerRole};
`;

/** Lets both roles log in with these passwords and their limits. */
export function rolesStatement({ worker, reader }: RolePasswords): string {
  return [
    ...roleStatements(workerRole, worker.password),
    ...roleStatements(readerRole, reader.password),
  ].join(';\n');
}

/** The same database as another user. */
export function urlAs(url: string, user: string, password: string): string {
  const as = new URL(url);
  as.username = encodeURIComponent(user);
  as.password = encodeURIComponent(password);
  return as.href;
}

function roleStatements(role: string, password: string): readonly string[] {
  return [
    `alter role ${role} login password ${quoted(password)}`,
    ...Object.entries(settings).map(
      ([name, value]) => `alter role ${role} set ${name} = '${value}'`,
    ),
  ];
}

function quoted(text: string): string {
  if (text.includes('\0')) throw new RangeError('a password must not hold a zero byte');
  return `'${text.replaceAll("'", "''")}'`;
}
