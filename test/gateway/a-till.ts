import type { OutsideAnswer } from '../../src/domain/index.js';
import type { OutsideRequest, PaymentProvider } from '../../src/providers/provider.js';

/** A provider that does whatever it is asked, once per reference, and remembers it. */
export interface Till {
  /** For `world.work`. */
  readonly provider: (honest: PaymentProvider) => PaymentProvider;
  /** What moved of a payment, step by step: `capture.1 1000`. */
  moved(opId: string): readonly string[];
}

const holdMs = 7 * 24 * 3_600_000;

export function aTill(): Till {
  const done = new Map<string, { answer: OutsideAnswer; request: OutsideRequest }>();
  return {
    provider: (honest) => ({
      ...honest,
      profile: { ...honest.profile, captures: ['automatic', 'manual', 'multiple'], paysOut: true },
      perform: async (request) => {
        const { reference } = request;
        const before = done.get(reference);
        const answer = before?.answer ?? answerTo(request);
        if (before === undefined) done.set(reference, { answer, request });
        return { kind: 'ok', value: answer };
      },
      find: async ({ reference }) => ({
        kind: 'ok',
        value: done.get(reference)?.answer ?? { kind: 'not-found', reference },
      }),
    }),
    moved: (opId) =>
      [...done].flatMap(([reference, { request }]) => {
        const [of, step] = reference.split(':');
        return of === opId ? [`${step} ${request.amount.minor}`] : [];
      }),
  };
}

function answerTo({ step, reference, amount, chargeId = '' }: OutsideRequest): OutsideAnswer {
  switch (step) {
    case 'authorize':
      return {
        ...{ kind: 'authorized', reference, chargeId: `ch_${reference}`, ...amount },
        expiresAt: Date.now() + holdMs,
      };
    case 'charge':
      return { kind: 'captured', reference, chargeId: `ch_${reference}`, ...amount };
    case 'capture':
      return { kind: 'captured', reference, chargeId, ...amount };
    case 'void':
      return { kind: 'voided', reference, chargeId };
    case 'refund':
      return { kind: 'refunded', reference, chargeId, ...amount };
    case 'payout':
      return { kind: 'paid-out', reference, payoutId: `po_${reference}`, ...amount };
  }
}
