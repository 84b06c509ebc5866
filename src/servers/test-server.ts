import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from './child.js';
import { findExecutable, TOOLCHAIN_DIR } from './executable.js';
import type { ExecutableOptions, Recipe } from './executable.js';
import { madeOnce } from './made-once.js';
import { freePort } from './port.js';
import { runTool } from './tool.js';

const VERSION = 'v1.38.0';
const MISSING =
  'No time-skipping test server can be had: install Java 11 or newer and Maven,' +
  ' or name one with TEMPORAL_TEST_SERVER.';

const TEST_SERVER: Recipe = {
  artifact: 'temporal-test-server',
  version: VERSION,
  variable: 'TEMPORAL_TEST_SERVER',
  build: async (temporary, options) => {
    await runTool({ command: 'java', args: ['-version'], ifMissing: MISSING });
    const name = join(options.cacheDir, `temporal-test-server-${VERSION}`);
    const jars = await madeOnce(
      `${name}-jars`,
      (folder) => fetchJars(folder, options),
      options.onProgress,
    );
    // Starting takes 0.4 s with an archive of loaded classes and 1.7 s without; the SDK waits 5 s.
    const archive = await madeOnce(
      `${name}-classes.jsa`,
      (file) => archiveClasses(file, jars),
      options.onProgress,
    ).catch(() => undefined); // Java 11 and 12 cannot make one, and do without.
    await writeFile(temporary, startScript(jars, archive), { mode: 0o755 });
  },
};

/**
 * A time-skipping test server for `TestWorkflowEnvironment.createTimeSkipping` (executable of type
 * `existing-path`): the one named, the cached one, a download, or the jar of `toolchain/pom.xml`.
 * @throws Error of one sentence that says what to install when none can be had.
 */
export function findTestServer(options: ExecutableOptions): Promise<string> {
  return findExecutable(TEST_SERVER, options);
}

async function fetchJars(folder: string, { onProgress }: ExecutableOptions): Promise<void> {
  await runTool({
    command: 'mvn',
    args: [
      ...['-B', '-q', '-f', join(TOOLCHAIN_DIR, 'pom.xml'), 'dependency:copy-dependencies'],
      ...['-DincludeScope=runtime', `-DoutputDirectory=${folder}`],
    ],
    ifMissing: MISSING,
    doing: 'Fetching the time-skipping test server with Maven (once)',
    onProgress,
  });
}

async function archiveClasses(file: string, jars: string): Promise<void> {
  const port = await freePort();
  const child = await startChild({
    command: 'java',
    args: [`-XX:ArchiveClassesAtExit=${file}`, ...serverArgs(jars), `${port}`],
    stopSignal: 'SIGTERM',
  });
  while (!(await answers(port)) && !child.hasEnded()) await delay(50);
  await child.stop();
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function serverArgs(jars: string): string[] {
  return ['-XX:+UseSerialGC', '-cp', `${jars}/*`, 'io.temporal.testserver.TestServer'];
}

// The SDK leaves the server behind when a test run is killed: the script looks after that.
function startScript(jars: string, archive: string | undefined): string {
  const flags = [
    '-XX:TieredStopAtLevel=1',
    ...(archive ? [`-XX:SharedArchiveFile=${archive}`] : []),
  ];
  const args = [...flags, ...serverArgs(jars)].map((arg) => `'${arg}'`).join(' ');
  return `#!/bin/sh
parent=$PPID
{
  while kill -0 "$parent" && kill -0 $$; do sleep 1; done
  kill -0 "$parent" || kill -9 $$
} >/dev/null 2>&1 </dev/null &
exec java ${args} "$1"
`;
}
