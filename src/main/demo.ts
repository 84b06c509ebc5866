import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { devConfig, orExit } from './config.js';
import { auditLines, balanceLines, sceneLines } from './demo-lines.js';
import { demoEnvironment, runDemo } from './demo-run.js';
import { stopSignal } from './process.js';
import { type Stack, startStack } from './stack.js';

const help = `Starts everything on free ports, takes real payments through it, breaks things on the
way, and compares what the provider holds with what the ledger says.

  npm run demo [-- --keep]

--keep   leaves all of it running at the end, until Ctrl-C

Exit code 0 when everything held, 1 when something did not (it says what).
`;

const { keep = false } = options();
const config = orExit(devConfig);
const signal = stopSignal();
const startedAt = performance.now();
const stateDir = await mkdtemp(join(tmpdir(), 'holdfast-demo-'));
let stack: Stack | undefined;
let ended: number | undefined;
// Interrupted before its end: neither held nor not, which shells write as 130.
const code = await Promise.race([play(), signal.then(() => ended ?? 130)]).catch(
  (error: unknown) => {
    say(`The demo cannot go on: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  },
);
if (code === 130) say('Interrupted: stopping what was started.');
await stack?.stop();
await rm(stateDir, { recursive: true, force: true });
process.exit(code);

async function play(): Promise<number> {
  stack = await startStack({
    ...{ stateDir, keep: false, ports: 'free', environment: demoEnvironment },
    databaseUrl: config.databaseUrl,
    temporalCli: config.temporalCli,
    cacheDir: config.cacheDir,
    onProgress: say,
  });
  const { urls } = stack;
  const { namespace } = stack;
  const workflowUrl = (opId: string) =>
    `${urls.temporalUi}/namespaces/${namespace}/workflows/${opId}`;
  say(`Up after ${seconds()} s: gateway ${urls.gateway}, Temporal ${urls.temporalUi}`);

  const { failed, tenant, reports } = await runDemo(stack, {
    onScene: (report) => say(sceneLines(report, workflowUrl)),
    onProgress: progress,
    onBalances: (when, balances) => say(balanceLines(when, balances)),
    onAudit: (audit) => say(auditLines(audit)),
  });
  const claims = reports.flatMap(({ checks }) => checks).length;
  say(`\n${seconds()} s, ${claims} claims in ${reports.length} scenes, ${failed.length} not held.`);
  for (const { claim, saw } of failed) say(`  not held: ${claim} (saw ${saw})`);
  ended = failed.length === 0 ? 0 : 1;
  if (keep) {
    say(`\nAll of it is kept up, tenant ${tenant}: ${urls.gateway}, API docs ${urls.docs}.`);
    say(`A token: ${await stack.token('admin', 'demo', tenant)}`);
    say('Ctrl-C ends it.');
    await signal;
  }
  return ended;
}

function options() {
  try {
    const known = { keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
    const { values } = parseArgs({ options: known });
    if (values.help !== true) return values;
    process.stdout.write(help);
    return process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    return process.exit(2);
  }
}

function seconds(): string {
  return ((performance.now() - startedAt) / 1_000).toFixed(1);
}

/** One line that changes where somebody looks, else all of them. */
function progress(line: string): void {
  process.stdout.write(process.stdout.isTTY ? `\r\u001B[K${line}` : `${line}\n`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
