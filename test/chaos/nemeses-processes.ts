import type { StackProcess } from '../../src/main/stack-process.js';
import type { Draw } from '../support/rounds.js';
import type { Field, Nemesis } from './nemesis.js';

const frozenMs = 8_000;
/** A step at the provider is tried again 12 s after its worker died. */
const workerWithinMs = 14_000;
const temporalWithinMs = 10_000;

/** What befalls our own processes, and Temporal. */
export const processNemeses = {
  'worker-killed': {
    does: 'one of two workers dies (SIGKILL), and is started again',
    recoversWithinMs: workerWithinMs,
    strike: async ({ workers, pause, over }, draw) => {
      const victim = draw.one(workers);
      await victim.kill();
      // The other one goes on: what must recover is what this one had begun.
      over();
      await pause(draw.whole(0, 2_000));
      await victim.start();
      return undefined;
    },
  },
  'workers-killed': {
    does: 'both workers die (SIGKILL), and are started again',
    recoversWithinMs: workerWithinMs,
    strike: (field, draw) => killed(field, draw, field.workers),
  },
  'worker-frozen': {
    does: 'one of two workers stands still for 8 s (SIGSTOP), and goes on',
    strike: ({ workers, pause }, draw) => frozen(draw.one(workers).pid, pause),
  },
  'gateway-killed': {
    does: 'the gateway dies (SIGKILL), and is started again',
    strike: (field, draw) => killed(field, draw, [field.stack.gateway]),
  },
  'relay-killed': {
    does: 'the relay dies (SIGKILL), and is started again',
    strike: (field, draw) => killed(field, draw, [field.stack.relay]),
  },
  'relay-frozen': {
    does: 'the relay stands still for 8 s (SIGSTOP), and goes on',
    strike: ({ stack, pause }) => frozen(stack.relay.pid, pause),
  },
  'temporal-killed': {
    does: 'Temporal dies (SIGKILL), and is started again 2 s later',
    recoversWithinMs: temporalWithinMs,
    strike: async ({ stack, pause }) => {
      await stack.temporal.kill();
      await pause(2_000);
      await stack.temporal.start();
      return undefined;
    },
  },
  'temporal-frozen': {
    does: 'Temporal stands still for 8 s (SIGSTOP), and goes on',
    recoversWithinMs: temporalWithinMs,
    strike: ({ stack, pause }) => frozen(stack.temporal.pid, pause),
  },
  'power-cut': {
    does: 'gateway, workers, relay, Temporal and PostgreSQL die at once, and are started again',
    strike: async ({ stack, workers }) => {
      const { gateway, relay, temporal, postgres } = stack;
      process.kill(postgres?.pid ?? 0, 'SIGKILL');
      await Promise.all([gateway, relay, temporal, ...workers].map((one) => one.kill()));
      await postgres?.restart();
      await temporal.start();
      await Promise.all([gateway, relay, ...workers].map((one) => one.start()));
      return undefined;
    },
  },
  'told-to-stop': {
    does: 'gateway, a worker, the relay in turn are told to stop (SIGTERM), and started again',
    repeatsNothing: true,
    strike: async ({ stack, workers, onViolation }, draw, nth) => {
      const turns = [stack.gateway, draw.one(workers), stack.relay];
      const victim = turns[nth % turns.length] ?? stack.gateway;
      const code = await victim.stop('SIGTERM');
      if (code !== 0) onViolation(`told to stop, ${victim.name} ended with code ${code}`);
      await victim.start();
      return victim.name;
    },
  },
} as const satisfies Readonly<Record<string, Nemesis>>;

/** They are gone at once, for up to 2 s. */
async function killed(
  { pause }: Pick<Field, 'pause'>,
  draw: Draw,
  victims: readonly StackProcess[],
): Promise<undefined> {
  await Promise.all(victims.map((victim) => victim.kill()));
  await pause(draw.whole(0, 2_000));
  await Promise.all(victims.map((victim) => victim.start()));
}

async function frozen(pid: number | undefined, pause: Field['pause']): Promise<undefined> {
  if (pid === undefined) return;
  process.kill(pid, 'SIGSTOP');
  try {
    await pause(frozenMs);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}
