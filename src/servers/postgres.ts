import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from './child.js';
import type { Child } from './child.js';
import { exists, isRunning } from './made-once.js';
import type { OnProgress } from './made-once.js';
import { awaitFreePort, freePort } from './port.js';
import { dataHome, postgresBinaries, postgresUser } from './postgres-files.js';
import type { User } from './postgres-files.js';
import { runTool } from './tool.js';

export interface PostgresOptions {
  /** The folder for data and password; a new temporary one when left out. */
  readonly dataDir?: string | undefined;
  /** True keeps the folder for the next run; false removes it with all that is in it on stop. */
  readonly keep: boolean;
  /** The port to listen on, at 127.0.0.1 only; any free one when left out. */
  readonly port?: number | undefined;
  /** Server settings such as `{ fsync: 'off' }`, over the 300 connections that are the default. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Where a copy of the binaries is kept when they cannot be run from where npm put them. */
  readonly cacheDir: string;
  readonly onProgress: OnProgress;
}

export interface PostgresServer {
  /** For the superuser, on the database `postgres`. */
  readonly url: string;
  readonly port: number;
  /** The number of the main process; another one after a restart. */
  readonly pid: number;
  /** Ends it cleanly (open connections are cut); resolves when no process is left. */
  readonly stop: () => Promise<void>;
  /** Stops it if it still runs, and starts it on the same port with the same data. */
  readonly restart: () => Promise<void>;
}

interface Cluster {
  readonly binaries: string;
  readonly user: User | undefined;
  readonly home: string;
  readonly data: string;
  readonly settings: Readonly<Record<string, string>>;
}

const START_TRIES_MAX = 10;

/**
 * Starts a real PostgreSQL from the npm package and resolves when it takes connections. It ends
 * with {@link PostgresServer.stop}, or by itself soon after our process dies.
 * @throws RangeError for `keep` without a folder.
 * @throws Error that says which port or folder is in use, or what the server said.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  if (options.keep && options.dataDir === undefined) throw new RangeError('keep needs a dataDir');
  const { cacheDir, onProgress, keep } = options;
  const user = await postgresUser();
  const binaries = await postgresBinaries(user, cacheDir, onProgress);
  const home = await dataHome(options.dataDir, user, onProgress);
  const settings = { ...DEFAULT_SETTINGS, ...options.settings };
  const cluster: Cluster = { binaries, user, home, data: join(home, 'data'), settings };

  await awaitUnused(cluster);
  const clean = async (): Promise<void> => {
    if (!keep) await rm(home, { recursive: true, force: true });
  };
  if (!keep) await rm(cluster.data, { recursive: true, force: true });
  try {
    const password = await initialise(cluster, onProgress);
    if (options.port !== undefined) await awaitFreePort(options.port, 'PostgreSQL');
    const port = options.port ?? (await freePort());
    const start = (): Promise<Child> => startServer(cluster, port, keep ? undefined : home);
    const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
    return running(await start(), start, clean, { url, port });
  } catch (error) {
    await clean();
    throw error;
  }
}

function running(
  first: Child,
  start: () => Promise<Child>,
  clean: () => Promise<void>,
  at: Pick<PostgresServer, 'url' | 'port'>,
): PostgresServer {
  let child = first;
  return {
    ...at,
    get pid() {
      return child.pid;
    },
    stop: async () => {
      await child.stop();
      await clean();
    },
    restart: async () => {
      await child.stop();
      child = await start();
    },
  };
}

const DEFAULT_SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** A server of an earlier run may be ending still; one that stays belongs to a run of now. */
async function awaitUnused({ data }: Cluster): Promise<void> {
  const pidFile = join(data, 'postmaster.pid');
  for (let tries = 0; await exists(pidFile); tries += 1) {
    const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0]);
    if (!(await isServerOf(pid, data))) return rm(pidFile, { force: true });
    if (tries === 50) {
      throw new Error(`PostgreSQL ${pid} still uses ${data}: end the run that it belongs to.`);
    }
    await delay(200);
  }
}

// The number in a left-over file may be another program's by now: what counts is the command line.
async function isServerOf(pid: number, data: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0 || !isRunning(pid)) return false;
  const args = ['-o', 'args=', '-ww', '-p', `${pid}`];
  return runTool({ command: 'ps', args, ifMissing: 'ps is missing: install procps.' }).then(
    (line) => line.includes(data),
    () => false,
  );
}

/** Makes the data folder unless it is there; gives the superuser's password. */
async function initialise(cluster: Cluster, onProgress: OnProgress): Promise<string> {
  const { binaries, user, home, data } = cluster;
  const passwordFile = join(home, 'password');
  if (await exists(data)) return (await readFile(passwordFile, 'utf8')).trim();
  onProgress(`Making a PostgreSQL database in ${data} ...`);
  const password = randomBytes(24).toString('hex');
  await writeFile(passwordFile, `${password}\n`);
  await chmod(passwordFile, 0o600);
  const fresh = `${data}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  if (user !== undefined) {
    await chown(passwordFile, user.uid, user.gid);
    await chown(fresh, user.uid, user.gid);
  }
  await runTool({
    command: join(binaries, 'bin', 'initdb'),
    args: [
      `--pgdata=${fresh}`,
      `--pwfile=${passwordFile}`,
      ...['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--no-instructions'],
      ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...(cluster.settings['fsync'] === 'off' ? ['--no-sync'] : []),
    ],
    user,
    ifMissing: `PostgreSQL's initdb is missing from ${binaries}: run npm ci.`,
  });
  await rename(fresh, data);
  return password;
}

async function startServer(
  { binaries, user, data, settings }: Cluster,
  port: number,
  removeIfOrphaned: string | undefined,
): Promise<Child> {
  const flags = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  for (let tries = 1; ; tries += 1) {
    const child = await startChild({
      command: join(binaries, 'bin', 'postgres'),
      args: ['-D', data, '-p', `${port}`, ...flags],
      stopSignal: 'SIGINT',
      user,
      removeIfOrphaned,
    });
    if (await child.says('database system is ready to accept connections')) return child;
    // After a crash the last backends may hold the shared memory for a moment.
    const mayPass = /shared memory block|postmaster\.pid/.test(child.tail());
    if (!mayPass || tries === START_TRIES_MAX) {
      throw new Error(`PostgreSQL did not start:\n${child.tail()}`);
    }
    await delay(500);
  }
}
