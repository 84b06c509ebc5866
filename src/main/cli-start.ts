import { type Command, Option } from 'commander';
import { nanoid } from 'nanoid';
import { codeOf, connect, type Shown, show } from './cli-calls.js';
import { operationText } from './cli-output.js';
import type { OperationBody } from './http-api.js';

/** What every command that starts an operation takes. */
export interface Started extends Shown {
  readonly key?: string;
  readonly wait: string;
}

export const keyOption = () =>
  new Option('--key <key>', 'names this one intent, 8 to 255 characters; a new one when left out');
export const waitOption = () =>
  new Option('--wait <seconds>', 'how long to wait for the end, 0 to 30').default('20');

/** Asks for an operation, waits as long as was said, and shows it. */
export async function start(
  program: Command,
  path: string,
  body: object,
  asked: Started,
): Promise<void> {
  const waitSeconds = Number(asked.wait);
  if (!(waitSeconds >= 0 && waitSeconds <= 30)) program.error('--wait takes 0 to 30');
  const api = await connect();
  const answer = await api.post<OperationBody>(path, body, { key: keyOf(asked), waitSeconds });
  show(answer, asked, operationText, codeOf);
}

/** Said before the call: after a crash of ours the same key asks for the same thing. */
export function keyOf({ key = nanoid(), json: asJson }: Pick<Started, 'key' | 'json'>): string {
  if (!asJson) process.stderr.write(`key ${key}\n`);
  return key;
}
