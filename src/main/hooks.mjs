// npm runs this after each install (`prepare`). It installs the hooks of .config/lefthook.yml in a
// git checkout, and does nothing where there is none or where lefthook was not installed: a
// production install must not fail for want of hooks.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const lefthook = join(root, 'node_modules', '.bin', 'lefthook');

// A script, not a process of ours: config.ts cannot be read before the packages are there.
if (!process.env.CI && existsSync(join(root, '.git')) && existsSync(lefthook)) {
  const { status, stderr } = spawnSync(lefthook, ['install'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) console.warn(`The git hooks were not installed: ${stderr.trim()}`);
}
