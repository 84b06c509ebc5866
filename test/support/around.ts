import type { OpId } from '../../src/domain/index.js';
import type { Ledger } from '../../src/ledger/index.js';
import type { PaymentProvider } from '../../src/providers/provider.js';
import type { Crooked } from './running-world.js';

/** The steps that a test can step into: verbs of the ledger, and the provider's charge. */
export type StepName = Exclude<keyof Ledger, 'notePhase'> | 'charge';

/** Runs in place of a step, which it may call never, once or twice. */
export type Around = (call: () => Promise<unknown>, opId: OpId) => Promise<unknown>;

/**
 * A worker whose named steps run inside `steps[name]`, which may call them never, once or twice.
 */
export function around(steps: Partial<Record<StepName, Around>>): Crooked {
  return {
    ledger: (honest) =>
      Object.fromEntries(
        Object.entries(honest).map(([name, verb]) => [
          name,
          wrapped(steps[name as StepName], verb as Verb, ([first]) =>
            typeof first === 'string' ? first : (first as { opId: OpId }).opId,
          ),
        ]),
      ) as Ledger,
    provider: (honest) => ({
      ...honest,
      charge: wrapped(steps.charge, honest.charge as Verb, ([request]) =>
        String((request as { reference: string }).reference.split(':')[0]),
      ) as PaymentProvider['charge'],
    }),
  };
}

type Verb = (...args: unknown[]) => Promise<unknown>;

function wrapped(step: Around | undefined, verb: Verb, opIdOf: (args: unknown[]) => string): Verb {
  if (step === undefined) return verb;
  return (...args) => step(() => verb(...args), opIdOf(args) as OpId);
}
