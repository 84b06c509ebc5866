import type { PaymentProvider } from '../../src/providers/provider.js';

/** A provider whose first look at each reference does not show yet what was done. */
export function lagging(honest: PaymentProvider): PaymentProvider {
  const looked = new Set<string>();
  return {
    ...honest,
    async find(request) {
      const { reference } = request;
      if (looked.has(reference)) return honest.find(request);
      looked.add(reference);
      return { kind: 'ok', value: { kind: 'not-found', reference } };
    },
  };
}
