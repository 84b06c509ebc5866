import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testConfig } from '../../src/main/config.js';
import { madeOnce } from '../../src/servers/made-once.js';
import { runTool } from '../../src/servers/tool.js';

export interface GoTool {
  readonly name: string;
  readonly version: string;
  readonly package: string;
  /** The module whose go.mod and go.sum pin it: the folder of this URL. */
  readonly module: string;
  /** How long it takes, for who waits. */
  readonly takes: string;
}

const onProgress = (line: string) => void process.stderr.write(`${line}\n`);

/**
 * The path of a server that is built with Go once, and cached. Each in a module of its own, and
 * not a tool of the servers' one: there its dependencies would take part in choosing the versions
 * that the Temporal CLI is built from.
 */
export async function goTool(tool: GoTool): Promise<string> {
  const { name, version, takes } = tool;
  const file = `${name}-${version}-${process.platform}-${process.arch}`;
  const build = async (temporary: string) => {
    await runTool({
      command: 'go',
      args: ['build', '-mod=readonly', '-ldflags=-s -w', '-o', temporary, tool.package],
      cwd: fileURLToPath(new URL('.', tool.module)),
      ifMissing: `${name} cannot be built: install Go 1.26 or newer.`,
      doing: `Building ${name} (once, ${takes})`,
      onProgress,
    });
  };
  return madeOnce(join(testConfig().cacheDir, file), build, onProgress);
}
