import { findExecutable, TOOLCHAIN_DIR } from './executable.js';
import type { ExecutableOptions, Recipe } from './executable.js';
import { runTool } from './tool.js';

const PACKAGE = 'github.com/temporalio/cli/cmd/temporal';

const MISSING =
  'No Temporal server can be had: install the Temporal CLI' +
  ' (or Go 1.25 or newer, to build it), or name one with TEMPORAL_CLI.';

const CLI: Recipe = {
  artifact: 'cli',
  version: 'v1.5.1',
  variable: 'TEMPORAL_CLI',
  installed: async () => {
    try {
      const version = await runTool({ command: 'temporal', args: ['--version'], ifMissing: '' });
      return version.startsWith('temporal version') ? 'temporal' : undefined;
    } catch {
      return undefined;
    }
  },
  // The versions are those of go.mod and go.sum; -s -w leave out what only a debugger needs.
  build: async (temporary, { onProgress }) => {
    await runTool({
      command: 'go',
      args: ['build', '-mod=readonly', '-ldflags=-s -w', '-o', temporary, PACKAGE],
      cwd: TOOLCHAIN_DIR,
      ifMissing: MISSING,
      doing: 'Building the Temporal CLI (once, 3 to 6 minutes on 2 cores)',
      onProgress,
    });
  },
};

/**
 * A `temporal` command: the one named, the one on the PATH, the cached one, a download, or a build
 * with Go pinned by `toolchain/go.sum`. The build takes minutes once and says so as it goes.
 * @throws Error of one sentence that says what to install when none can be had.
 */
export function findTemporal(options: ExecutableOptions): Promise<string> {
  return findExecutable(CLI, options);
}
