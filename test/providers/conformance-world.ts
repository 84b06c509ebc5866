import { expect, onTestFinished } from 'vitest';
import { type Currency, money, type OutsideStep } from '../../src/domain/index.js';
import type { OutsideRequest, PaymentProvider } from '../../src/providers/provider.js';

/** What happens to the next write: it acts and its answer is lost, or it never arrives. */
export type WireFault = 'answer-lost' | 'request-lost';

/** An adapter and the far side that it talks to. */
export interface ConformanceWorld {
  readonly provider: PaymentProvider;
  /** Strikes the next write, once. */
  fault(fault: WireFault): Promise<void>;
  /** How often money moved under each reference, by the provider's own books. */
  effects(): Promise<Readonly<Record<string, number>>>;
  /** Lets the provider decide what it says is pending; where its profile has such steps. */
  decide?(): Promise<void>;
  /** A token for where a payout may go; any text by default. */
  readonly destination?: string;
  /** `USD` by default. */
  readonly currency?: Currency;
  /** May be called twice. */
  stop(): Promise<void>;
}

export const steps = [
  'charge',
  'authorize',
  'capture',
  'void',
  'refund',
  'payout',
] as const satisfies OutsideStep[];

export const authorized = 100_00;

type Told = Awaited<ReturnType<PaymentProvider['perform' | 'find']>>;

let operations = 0;

/** A world of the test's own, with the requests that a test makes of it. */
export async function aConformanceWorld(start: () => Promise<ConformanceWorld>) {
  const world = await start();
  onTestFinished(() => world.stop());
  const { provider, currency = 'USD', destination = 'acct_conformance' } = world;
  const { captures, paysOut, payoutMs, refundWindowMs } = provider.profile;

  function request(step: OutsideStep, over: Partial<OutsideRequest> = {}): OutsideRequest {
    operations += 1;
    return {
      step,
      reference: `op_conformance${operations}:${step}.1:1`,
      amount: money(authorized, currency),
      ...(step === 'payout' && { destination }),
      ...over,
    };
  }
  const of = (minor: number) => money(minor, currency);

  /** Performs it and gives the id of its charge; throws when it did not go well. */
  async function chargeIdOf(step: 'charge' | 'authorize', minor = authorized): Promise<string> {
    const done = await provider.perform(request(step, { amount: of(minor) }));
    if (done.kind === 'ok' && 'chargeId' in done.value && done.value.chargeId) {
      return done.value.chargeId;
    }
    throw new Error(`no ${step} to go on with: ${JSON.stringify(done)}`);
  }

  return {
    ...world,
    ...provider,
    of,
    request,
    chargeIdOf,
    can: (step: OutsideStep) =>
      ({
        charge: captures.includes('automatic'),
        authorize: captures.includes('manual'),
        capture: captures.includes('manual'),
        void: captures.includes('manual'),
        refund: refundWindowMs > 0,
        payout: paysOut,
      })[step],
    /** A request of the step that must go well, with the charge that it acts on. */
    async ready(step: OutsideStep): Promise<OutsideRequest> {
      if (step === 'refund') return request(step, { chargeId: await chargeIdOf('charge') });
      if (step !== 'capture' && step !== 'void') return request(step);
      return request(step, { chargeId: await chargeIdOf('authorize') });
    },
    /** What a call that went well comes to: at once, or when the provider has decided. */
    async end(asked: OutsideRequest, told: Told): Promise<Told> {
      if (asked.step !== 'payout' || payoutMs === 0) return told;
      const { reference } = asked;
      expect(told).toEqual({ kind: 'ok', value: { kind: 'pending', reference } });
      await world.decide?.();
      return provider.find(asked);
    },
    /** The last one, unless there can be more. */
    capture: async (chargeId: string, minor: number, final = !captures.includes('multiple')) =>
      provider.perform(request('capture', { chargeId, amount: of(minor), final })),
    refund: async (chargeId: string, minor: number) =>
      provider.perform(request('refund', { chargeId, amount: of(minor) })),
    void: async (chargeId: string) => provider.perform(request('void', { chargeId })),
    async moved(reference: string): Promise<number> {
      return (await world.effects())[reference] ?? 0;
    },
  };
}

export type Tested = Awaited<ReturnType<typeof aConformanceWorld>>;

/** The kind of evidence that each step gives. */
export const evidenceOf = {
  charge: 'captured',
  authorize: 'authorized',
  capture: 'captured',
  void: 'voided',
  refund: 'refunded',
  payout: 'paid-out',
} as const satisfies Record<OutsideStep, string>;
