import { Option } from 'commander';
import { problemText } from './cli-output.js';
import { childEnvironment, cliConfig, orExit } from './config.js';
import { devIssuer, devTenant } from './dev-state.js';
import {
  type Answer,
  createHttpApi,
  type HttpApi,
  type OperationBody,
  type ProblemBody,
} from './http-api.js';

export const exitCodes = { ok: 0, refused: 1, usage: 2, unreachable: 3, open: 4 } as const;

/** What every command that shows something takes. */
export interface Shown {
  readonly json?: boolean;
}

/** The option behind `Shown`. */
export const json = () => new Option('--json', 'print the answer as JSON, for programs');

/** Whole minor units as a number; what is none goes as it is, for the gateway to refuse. */
export function minorOf(text: string): number | string {
  return /^\d{1,16}$/.test(text) ? Number(text) : text;
}

/** The gateway that the environment names, or the one of `npm run dev`. */
export async function connect(): Promise<HttpApi> {
  return createHttpApi(await connection());
}

/** Where it is, and the token for it. */
export async function connection(): Promise<{ readonly url: string; readonly token: string }> {
  const environment = childEnvironment({});
  const token = environment['HOLDFAST_TOKEN'] ?? (await devToken());
  return orExit(() => cliConfig({ ...environment, HOLDFAST_TOKEN: token }));
}

async function devToken(): Promise<string | undefined> {
  const issuer = await devIssuer();
  return issuer?.sign({ role: 'admin', subject: 'admin', tenant: devTenant });
}

/** Prints an answer, and sets the exit code that says how it went. */
export function show<Body extends object>(
  { status, body }: Answer<Body | ProblemBody>,
  asked: Shown,
  textOf: (body: Body) => string,
  exitCodeOf: (body: Body) => number,
): void {
  const isProblem = status >= 400 && 'code' in body && !('opId' in body);
  if (asked.json) process.stdout.write(`${JSON.stringify(body)}\n`);
  else if (isProblem) process.stderr.write(`${problemText(body)}\n`);
  else process.stdout.write(`${textOf(body as Body)}\n`);
  process.exitCode = isProblem ? exitCodes.refused : exitCodeOf(body as Body);
}

/** Whether an operation has ended, and how. */
export function codeOf({ state }: OperationBody): number {
  if (state === 'COMPLETED') return exitCodes.ok;
  return state === 'FAILED' ? exitCodes.refused : exitCodes.open;
}
