import { join } from 'node:path';
import type { Command } from 'commander';
import { minus, plus } from '../domain/index.js';
import { codeOf, connection, exitCodes, json, type Shown, show } from './cli-calls.js';
import { operationText, problemText } from './cli-output.js';
import { devStateDir } from './dev-state.js';
import {
  type BalanceBody,
  createHttpApi,
  type HttpApi,
  type OperationBody,
  untilAtRest,
} from './http-api.js';
import { UploadRefused } from './tus-client.js';
import { type SentFile, uploadFile } from './upload-file.js';
import { createRate, progressLine, quotaLines } from './upload-lines.js';

interface UploadOptions extends Shown {
  readonly account?: string;
  readonly type?: string;
  readonly wait: string;
}

const help = `
An upload that was interrupted goes on where it was, with the same command in the same place: the
file, its size and its time are how it is known again.

Examples:
  $ npx holdfast upload film.mp4
  $ npx holdfast upload report.pdf --account acme-files --type application/pdf
  $ npx holdfast upload film.mp4 --json`;

/** Adds the command that sends a file. */
export function addUploadCommand(program: Command): void {
  program
    .command('upload')
    .summary('send a file, and wait until it is published')
    .description(
      'Sends FILE in parts, each with its checksum, and goes on after whatever stops it.',
    )
    .argument('<file>')
    .option('--account <account>', 'whose quota it is; your only account in BYTE when left out')
    .option('--type <type>', 'what it is said to be, image/png say; refused when it is another')
    .option('--wait <seconds>', 'how long to wait for its end once it is sent', '120')
    .addOption(json())
    .addHelpText('after', help)
    .action(async (file: string, asked: UploadOptions) => {
      const to = await connection();
      try {
        await send(createHttpApi(to), file, { ...asked, ...to });
      } catch (error) {
        if (!(error instanceof UploadRefused)) throw error;
        process.stderr.write(`${problemText(error.problem)}\n`);
        process.exitCode = exitCodes.refused;
      }
    });
}

async function send(
  api: HttpApi,
  file: string,
  { account, type, wait, json: asJson, ...to }: UploadOptions & { url: string; token: string },
): Promise<void> {
  const bar = asJson === true ? silent : createBar();
  let held: BalanceBody | undefined;
  const sent = await uploadFile(file, {
    ...{ ...to, account, mediaType: type, stateDir: join(devStateDir, 'uploads') },
    onBegin: async (begun) => {
      bar.start(begun);
      held = await quotaOf(api, begun.opId);
    },
    onProgress: bar.progress,
    onWait: bar.wait,
  });
  bar.end();
  const operation = await untilAtRest(api, sent.opId, Number(wait) * 1_000);
  const now = await quotaOf(api, sent.opId);
  if (asJson !== true && held !== undefined && now !== undefined) {
    process.stdout.write(`${quotaLines({ before: without(sent.size, held), held, now })}\n`);
  }
  const body = { ...operation, sha256: sent.sha256 };
  show(
    { status: 200, headers: new Headers(), body },
    { json: asJson === true },
    operationText,
    codeOf,
  );
}

// It is known whose account it is once the upload is there.
function without(size: number, { held, available, ...balance }: BalanceBody): BalanceBody {
  return { ...balance, held: minus(held, size), available: plus(available, size) };
}

async function quotaOf(api: HttpApi, opId: string): Promise<BalanceBody | undefined> {
  const operation = await api.get<OperationBody>(`/v1/operations/${opId}`);
  const account = 'account' in operation.body ? operation.body.account : undefined;
  if (account == null) return undefined;
  const { body } = await api.get<BalanceBody>(`/v1/accounts/${account}/balance`);
  return 'held' in body ? body : undefined;
}

interface Bar {
  start(sent: SentFile): void;
  progress(received: number, size: number): void;
  wait(why: string): void;
  end(): void;
}

const silent: Bar = { start() {}, progress() {}, wait() {}, end() {} };

/** On stderr: one line that changes where somebody looks, else a line now and then. */
function createBar(): Bar {
  const { stderr } = process;
  const rate = createRate();
  let told = 0;
  const tell = (line: string) =>
    void stderr.write(stderr.isTTY ? `\r\u001B[K${line}` : `${line}\n`);
  return {
    start: ({ opId, sha256, received, size }) => {
      rate(received);
      stderr.write(`${opId}\nsha-256 ${sha256}\n`);
      if (received > 0) stderr.write(`goes on at ${Math.floor((received / size) * 100)} %\n`);
    },
    progress: (received, size) => {
      const perSecond = rate(received);
      const tenth = Math.floor((received / size) * 10);
      if (stderr.isTTY || tenth > told) tell(progressLine(received, size, perSecond));
      told = tenth;
    },
    wait: (why) => tell(`waiting: ${why}`),
    end: () => void (stderr.isTTY && stderr.write('\n')),
  };
}
