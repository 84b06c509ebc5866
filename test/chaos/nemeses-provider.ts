import type { FaultRule } from '../../src/providers/sandbox/index.js';
import type { Field, Nemesis } from './nemesis.js';

const forMs = 8_000;
const post = { method: 'POST' } as const;

/** What befalls the provider, or comes of it. */
export const providerNemeses = {
  'provider-down': {
    does: 'the provider answers 503 to everything for 10 s',
    isProviderDown: true,
    strike: (field) => misbehaving(field, 10_000, () => [{ fault: 'down' }]),
  },
  'provider-killed': {
    does: 'the provider dies (SIGKILL), and is started again 5 s later',
    isProviderDown: true,
    strike: async ({ stack, pause }) => {
      await stack.sandbox.kill();
      await pause(5_000);
      await stack.sandbox.start();
      return undefined;
    },
  },
  'provider-slow': {
    does: 'two of three calls take 3 s, longer than we wait, for 8 s',
    strike: (field, draw) =>
      misbehaving(field, forMs, () => [
        { fault: 'slow', delayMs: 3_000, probability: 0.67, seed: draw.whole(0, 1_000_000) },
      ]),
  },
  'answers-lost': {
    does: 'half of the calls act, and are not answered, for 8 s',
    strike: (field, draw) =>
      misbehaving(field, forMs, () => [
        { fault: 'timeout-after', probability: 0.5, seed: draw.whole(0, 1_000_000), match: post },
      ]),
  },
  'provider-fails': {
    does: 'of all calls a third fails before it acts, a third after it acted, for 8 s',
    strike: (field, draw) =>
      misbehaving(field, forMs, () => [
        { fault: 'error-before', probability: 0.33, seed: draw.whole(0, 1_000_000), match: post },
        { fault: 'error-after', probability: 0.5, seed: draw.whole(0, 1_000_000), match: post },
      ]),
  },
  'connections-reset': {
    does: 'of all calls a third is reset before it acts, a third after it acted, for 8 s',
    strike: (field, draw) =>
      misbehaving(field, forMs, () => [
        { fault: 'reset-before', probability: 0.33, seed: draw.whole(0, 1_000_000) },
        { fault: 'reset-after', probability: 0.5, seed: draw.whole(0, 1_000_000) },
      ]),
  },
  'rate-limited': {
    does: 'half of the calls are told to come again later (429), for 8 s',
    strike: (field, draw) =>
      misbehaving(field, forMs, () => [
        { fault: 'rate-limit', probability: 0.5, seed: draw.whole(0, 1_000_000) },
      ]),
  },
  'answers-garbled': {
    does: 'of all calls a third acts and is answered a page, another 3 MB, for 8 s',
    strike: (field, draw) =>
      misbehaving(field, forMs, () => [
        { fault: 'html', probability: 0.33, seed: draw.whole(0, 1_000_000), match: post },
        { fault: 'huge', probability: 0.5, seed: draw.whole(0, 1_000_000), match: post },
      ]),
  },
  undecided: {
    does: 'the provider decides 2 s after it was asked, one of three times to decline, for 8 s',
    strike: (field, draw) => {
      const match = { method: 'POST', path: '/charges' } as const;
      const pending = { fault: 'pending', delayMs: 2_000, match } as const;
      const seed = draw.whole(0, 1_000_000);
      return misbehaving(field, forMs, () => [
        { ...pending, becomes: 'declined', probability: 0.33, seed },
        pending,
      ]);
    },
  },
  'events-bent': {
    does: 'of its events some come twice, late, after later ones, or never, for 8 s',
    strike: (field, draw) => {
      const seed = () => draw.whole(0, 1_000_000);
      return misbehaving(field, forMs, () => [
        { fault: 'webhook-duplicate', probability: 0.25, seed: seed() },
        { fault: 'webhook-late', delayMs: 3_000, probability: 0.33, seed: seed() },
        { fault: 'webhook-reordered', probability: 0.5, seed: seed() },
        { fault: 'webhook-missing', probability: 0.5, seed: seed() },
      ]);
    },
  },
} as const satisfies Readonly<Record<string, Nemesis>>;

async function misbehaving(
  { misbehave, heal, pause }: Field,
  ms: number,
  rules: () => readonly FaultRule[],
): Promise<undefined> {
  for (const rule of rules()) await misbehave(rule);
  await pause(ms);
  await heal();
}
