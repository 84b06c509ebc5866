import type { OpId, OutsideStep, ServiceStep } from '../../src/domain/index.js';
import type { Ledger } from '../../src/ledger/index.js';
import type { PaymentProvider } from '../../src/providers/provider.js';
import type { Service, ServiceRequest, Services } from '../../src/providers/service.js';
import type { Crooked } from './running-world.js';

/** The steps that a test can step into: verbs of the ledger, and what the provider performs. */
export type StepName = keyof Ledger | OutsideStep | ServiceStep;

/** Runs in place of a step, which it may call never, once or twice. */
export type Around = (call: () => Promise<unknown>, opId: OpId) => Promise<unknown>;

/** What runs in place of which steps. */
export type Steps = Partial<Record<StepName, Around>>;

/** A worker whose named steps run inside `steps[name]`. */
export function around(steps: Steps): Crooked {
  return inside((name) => steps[name]);
}

/** A worker whose steps run inside what is given for each, by its name and its operation. */
export function inside(aroundOf: (name: StepName, opId: OpId) => Around | undefined): Crooked {
  const wrapped =
    (name: StepName, verb: Verb, opIdOf: (args: unknown[]) => string): Verb =>
    (...args) => {
      const opId = opIdOf(args) as OpId;
      const call = () => verb(...args);
      return aroundOf(name, opId)?.(call, opId) ?? call();
    };
  return {
    ledger: (honest) =>
      Object.fromEntries(
        Object.entries(honest).map(([name, verb]) => [
          name,
          wrapped(name as StepName, verb as Verb, ([first]) =>
            typeof first === 'string' ? first : (first as { opId: OpId }).opId,
          ),
        ]),
      ) as Ledger,
    provider: (honest) => ({
      ...honest,
      perform: (request) =>
        wrapped(request.step, honest.perform as Verb, () =>
          String(request.reference.split(':')[0]),
        )(request) as ReturnType<PaymentProvider['perform']>,
    }),
    services: (honest) =>
      Object.fromEntries(
        Object.entries(honest).map(([name, service]) => [
          name,
          {
            ...service,
            perform: (request: ServiceRequest) =>
              wrapped(request.step, service.perform as Verb, () =>
                String(request.reference.split(':')[0]),
              )(request) as ReturnType<Service['perform']>,
          },
        ]),
      ) as unknown as Services,
  };
}

type Verb = (...args: unknown[]) => Promise<unknown>;
