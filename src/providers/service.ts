import type {
  Confirmed,
  Contradicted,
  Declined,
  Fenced,
  NotFound,
  Ok,
  Outcome,
  Pending,
  Retry,
  ServiceName,
  ServiceStep,
  Unknown,
} from '../domain/index.js';
import type { ProviderProfile } from './provider.js';

/** What a service can do. Plain data: it travels into workflows. Durations in milliseconds. */
export type ServiceProfile = Pick<
  ProviderProfile,
  'name' | 'keyLifetimeMs' | 'visibilityDelayMs' | 'fences' | 'requestTimeoutMs' | 'ladderMs'
>;

/** One attempt of one step at a service. */
export interface ServiceRequest {
  readonly step: ServiceStep;
  /** `opId:step.ordinal:n`: the service's reference and its idempotency key, both. */
  readonly reference: string;
  /** What is asked for, as the service takes it. Ids, enums and amounts only. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** The operation's trace id, 32 hex digits. */
  readonly trace?: string;
}

export type ServiceAnswer = Confirmed | Declined | Pending | Contradicted;

/** A service outside that does a step. One call each, as a payment provider's are. */
export interface Service {
  readonly profile: ServiceProfile;
  /** Does the step once under the reference. */
  perform(request: ServiceRequest): Promise<Outcome<ServiceAnswer>>;
  /** Asks what stands under the reference; `not-found` is no proof of anything. */
  find(request: ServiceRequest): Promise<Ok<ServiceAnswer | NotFound> | Retry | Unknown>;
  /** Closes the reference, where the profile says that it can. */
  fence(request: ServiceRequest): Promise<Ok<ServiceAnswer | Fenced> | Retry | Unknown>;
}

export type Services = Readonly<Record<ServiceName, Service>>;
