import {
  type Confirmed,
  type Contradicted,
  type Declined,
  type Fail,
  type Fenced,
  type NotFound,
  type Pending,
  type Retry,
  type ServiceStep,
  serviceSteps,
  type Unknown,
} from '../domain/index.js';
import type { ServiceProfile, ServiceRequest, Services } from '../providers/service.js';
import { type DatabaseFault, faultsOf } from './faults.js';
import { alive } from './alive.js';
import { opened } from './outside.js';

export type { ServiceRequest } from '../providers/service.js';

type Stands = Confirmed | Declined | Pending | Contradicted;
type Perform = (request: ServiceRequest) => Promise<Stands | Retry | Fail | Unknown>;
type LookUp = (request: ServiceRequest) => Promise<Stands | NotFound | Retry | Unknown>;
type Fence = (request: ServiceRequest) => Promise<Stands | Fenced | Retry | Unknown>;

/** Each step at a service, its look-up and its fence, by name, so that a history can be read. */
export type ServiceSteps = Readonly<
  Record<ServiceStep, Perform> &
    Record<`find${Capitalize<ServiceStep>}`, LookUp> &
    Record<`fence${Capitalize<ServiceStep>}`, Fence>
>;

/** What a workflow must know of a service to end a doubt about it. */
export interface ServiceProfiles {
  serviceProfile(step: ServiceStep): Promise<ServiceProfile>;
}

/** The steps at services; like those at the provider, never repeated by Temporal. */
export function serviceActivities(deps: {
  readonly services: Services;
  readonly classify: (error: unknown) => DatabaseFault;
}): ServiceSteps & ServiceProfiles {
  const { services } = deps;
  const steps = Object.entries(serviceSteps).flatMap(([step, name]) => {
    const service = services[name];
    const Step = `${step.charAt(0).toUpperCase()}${step.slice(1)}`;
    const perform: Perform = async (asked) => opened(await alive(service.perform(asked)));
    const find: LookUp = async (asked) => opened(await alive(service.find(asked)));
    const fence: Fence = async (asked) => opened(await alive(service.fence(asked)));
    return Object.entries({ [step]: perform, [`find${Step}`]: find, [`fence${Step}`]: fence });
  });
  return faultsOf(deps.classify, {
    ...(Object.fromEntries(steps) as unknown as ServiceSteps),
    serviceProfile: (step: ServiceStep) => Promise.resolve(services[serviceSteps[step]].profile),
  });
}
