import type { PaymentProvider } from '../../src/providers/provider.js';

/** A provider whose first looks at each reference say this, whatever was done. */
export function firstLooks(looks: number, kind: 'not-found' | 'pending') {
  return (honest: PaymentProvider): PaymentProvider => {
    const looked = new Map<string, number>();
    return {
      ...honest,
      async find(request) {
        const { reference } = request;
        const before = looked.get(reference) ?? 0;
        looked.set(reference, before + 1);
        return before < looks ? { kind: 'ok', value: { kind, reference } } : honest.find(request);
      },
    };
  };
}

/** A provider whose first look at each reference does not show yet what was done. */
export const lagging = firstLooks(1, 'not-found');
