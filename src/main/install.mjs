// Runs before every command, on a clone that may have nothing installed yet: plain JavaScript,
// Node's own modules only, and nothing on standard output, which belongs to the command.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const lock = join(root, '.holdfast', 'install.lock');
const WAIT_MS_MAX = 15 * 60_000;

main();

function main() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 20)) {
    fail(`Node ${process.versions.node} is too old: install Node 20.20 or newer.`);
  }
  if (isInstalled()) return;
  takeLock();
  try {
    if (!isInstalled()) install(); // Another command may have done it while this one waited.
  } finally {
    rmSync(lock, { force: true });
  }
}

function install() {
  console.error('Installing packages (once) ...');
  // npm's own words go to standard error too.
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['inherit', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    rmSync(lock, { force: true });
    fail('The packages could not be installed: see what npm says above, then run this again.');
  }
}

/** Whether npm's record of what is installed has every package of the lockfile, as locked. */
function isInstalled() {
  const locked = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  return Object.entries(locked).every(([path, entry]) => {
    if (path === '') return true;
    const there = installed[path];
    // npm leaves out what is optional or for other machines, and does not always mark it optional.
    if (there === undefined) return entry.optional || entry.devOptional || entry.os || entry.cpu;
    return there.version === entry.version && there.integrity === entry.integrity;
  });
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return {};
  }
}

function takeLock() {
  mkdirSync(dirname(lock), { recursive: true });
  const startedAt = Date.now();
  for (let told = false; ; told = true) {
    try {
      writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`${lock} cannot be written: ${error.message}.`);
    }
    if (!told) console.error('Waiting for another command that is installing packages ...');
    if (!ownerIsAlive()) rmSync(lock, { force: true });
    if (Date.now() - startedAt > WAIT_MS_MAX) fail(`Remove ${lock} and run this again.`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
  }
}

function ownerIsAlive() {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    if (pid > 0) process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
