import type { OpId, OutsideStep } from '../../src/domain/index.js';
import type { Ledger } from '../../src/ledger/index.js';
import type { PaymentProvider } from '../../src/providers/provider.js';
import type { Crooked } from './running-world.js';

/** The steps that a test can step into: verbs of the ledger, and what the provider performs. */
export type StepName = Exclude<keyof Ledger, 'notePhase'> | OutsideStep;

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
      perform: (request) =>
        wrapped(steps[request.step], honest.perform as Verb, () =>
          String(request.reference.split(':')[0]),
        )(request) as ReturnType<PaymentProvider['perform']>,
    }),
  };
}

type Verb = (...args: unknown[]) => Promise<unknown>;

function wrapped(step: Around | undefined, verb: Verb, opIdOf: (args: unknown[]) => string): Verb {
  if (step === undefined) return verb;
  return (...args) => step(() => verb(...args), opIdOf(args) as OpId);
}
