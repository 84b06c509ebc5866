import type { OpId, OutsideStep, ServiceStep } from '../../src/domain/index.js';
import type { Ledger } from '../../src/ledger/index.js';
import type { UploadFiles } from '../../src/objects/index.js';
import type { ChannelProvider } from '../../src/providers/channel.js';
import type { PaymentProvider } from '../../src/providers/provider.js';
import type { Service, ServiceRequest, Services } from '../../src/providers/service.js';
import type { Crooked } from './running-world.js';

/** Of what is done with objects, what writes or judges. */
const objectSteps = ['join', 'inspect', 'copy'] as const;

/**
 * The steps that a test can step into: verbs of the ledger, what the provider and services perform,
 * what is done with objects,
 * and notices sent.
 */
export type StepName =
  | keyof Ledger
  | OutsideStep
  | ServiceStep
  | (typeof objectSteps)[number]
  | 'send';

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
    notices: (honest) => ({
      ...honest,
      channels: mapped(honest.channels, (channel) => ({
        ...channel,
        send: (delivery) =>
          wrapped('send', channel.send as Verb, () => String(delivery.deliveryId.split(':')[0]))(
            delivery,
          ) as ReturnType<ChannelProvider['send']>,
      })),
    }),
  };
}

function isKey(arg: unknown): arg is string {
  return typeof arg === 'string';
}

function mapped<Name extends string, Value>(
  record: Readonly<Record<Name, Value>>,
  of: (value: Value) => Value,
): Readonly<Record<Name, Value>> {
  const entries = Object.entries<Value>(record).map(([name, value]) => [name, of(value)]);
  return Object.fromEntries(entries) as Record<Name, Value>;
}

type Verb = (...args: unknown[]) => Promise<unknown>;
