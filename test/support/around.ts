import type { OpId, OutsideStep } from '../../src/domain/index.js';
import type { Ledger } from '../../src/ledger/index.js';
import type { UploadFiles } from '../../src/objects/index.js';
import type { PaymentProvider } from '../../src/providers/provider.js';
import type { Crooked } from './running-world.js';

/** Of what is done with objects, what writes or judges. */
const objectSteps = ['join', 'inspect', 'copy'] as const;

/**
 * The steps that a test can step into: verbs of the ledger, what the provider performs, and what is
 * done with objects.
 */
export type StepName = keyof Ledger | OutsideStep | (typeof objectSteps)[number];

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
    files: (honest) => ({
      ...honest,
      ...(Object.fromEntries(
        objectSteps.map((name) => [
          name,
          wrapped(name, honest[name] as unknown as Verb, (args) => {
            const key = args.map((arg) => (arg as { key?: string }).key ?? arg).find(isKey);
            return key?.split('/')[1] ?? '';
          }),
        ]),
      ) as Partial<UploadFiles>),
    }),
  };
}

function isKey(arg: unknown): arg is string {
  return typeof arg === 'string';
}

type Verb = (...args: unknown[]) => Promise<unknown>;
