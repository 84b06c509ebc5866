import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../src/main/config.js';

const bin = fileURLToPath(new URL('../../src/main/holdfast.mjs', import.meta.url));

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Typed {
  readonly url: string;
  readonly token: string;
  readonly cwd?: string;
  /** Presses Ctrl-C as soon as it says this on stderr. */
  readonly interruptAt?: string;
}

/** Runs the command line as a person does, with a token of theirs. */
export function commandLine(
  args: readonly string[],
  { url, token, cwd, interruptAt }: Typed,
): Promise<Said> {
  const env = childEnvironment({ HOLDFAST_URL: url, HOLDFAST_TOKEN: token, NO_COLOR: '1' });
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [bin, ...args], { env, cwd }, (error, out, err) =>
      // Ended by a signal it has no code: shells write 130 for Ctrl-C.
      resolve({ code: Number(error?.code ?? (error === null ? 0 : 130)), out, err }),
    );
    child.stderr?.on('data', (text: string) => {
      if (interruptAt !== undefined && text.includes(interruptAt)) child.kill('SIGINT');
    });
  });
}
