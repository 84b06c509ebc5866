import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../src/main/config.js';

const bin = fileURLToPath(new URL('../../src/main/holdfast.mjs', import.meta.url));

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line as a person does, with a token of theirs. */
export function commandLine(
  args: readonly string[],
  { url, token, cwd }: { readonly url: string; readonly token: string; readonly cwd?: string },
): Promise<Said> {
  const env = childEnvironment({ HOLDFAST_URL: url, HOLDFAST_TOKEN: token, NO_COLOR: '1' });
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], { env, cwd }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}
