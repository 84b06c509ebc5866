import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { OnProgress } from './made-once.js';

export interface ToolRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string | undefined;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** One sentence for a person whose machine lacks the command. */
  readonly ifMissing: string;
  /** What it is busy with; said at the start and every 10 s with the seconds gone by. */
  readonly doing?: string | undefined;
  readonly onProgress?: OnProgress | undefined;
}

const PROGRESS_EVERY_MS = 10_000;
const OUTPUT_BYTES_MAX = 64 * 1024;

/**
 * Runs a command to its end and gives what it wrote.
 * @throws Error with `ifMissing` when there is no such command, or with the end of its output when
 * it fails.
 */
export async function runTool(run: ToolRun): Promise<string> {
  const stopTelling = tellProgress(run);
  try {
    const child = spawn(run.command, run.args, {
      ...run.user,
      cwd: run.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output = (output + chunk).slice(-OUTPUT_BYTES_MAX);
      });
    }
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    if (code === 0) return output;
    const end = output.trimEnd().split('\n').slice(-15).join('\n');
    throw new Error(`${run.command} ${run.args[0] ?? ''} ended with ${code ?? signal}:\n${end}`);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw missing ? new Error(run.ifMissing, { cause: error }) : error;
  } finally {
    stopTelling();
  }
}

function tellProgress({ doing, onProgress }: ToolRun): () => void {
  if (doing === undefined || onProgress === undefined) return () => undefined;
  const startedAt = performance.now();
  onProgress(`${doing} ...`);
  const timer = setInterval(() => {
    onProgress(`${doing}: ${Math.round((performance.now() - startedAt) / 1000)} s`);
  }, PROGRESS_EVERY_MS);
  return () => clearInterval(timer);
}
