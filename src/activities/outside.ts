import type { Fail, Fenced, NotFound, Ok, OutsideAnswer, Retry, Unknown } from '../domain/index.js';
import type { OutsideRequest, PaymentProvider } from '../providers/provider.js';
import { alive } from './alive.js';
import { type DatabaseFault, faultsOf } from './faults.js';

export type { OutsideRequest, ProviderProfile } from '../providers/provider.js';

/** What the provider said to a step; everything but a certain fact leaves it open. */
export type PerformAnswer = OutsideAnswer | Retry | Fail | Unknown;
export type LookUpAnswer = OutsideAnswer | NotFound | Retry | Unknown;
export type FenceAnswer = OutsideAnswer | Fenced | Retry | Unknown;

type Perform = (request: OutsideRequest) => Promise<PerformAnswer>;
type LookUp = (request: OutsideRequest) => Promise<LookUpAnswer>;

/**
 * The provider's side of every operation, a name for each step, so that a history can be read.
 * Never repeated by Temporal, for only the workflow knows what is in doubt.
 */
export interface ProviderSteps {
  chargePayment: Perform;
  authorizePayment: Perform;
  capturePayment: Perform;
  voidPayment: Perform;
  refundPayment: Perform;
  payOut: Perform;
  findCharge: LookUp;
  findCapture: LookUp;
  findVoid: LookUp;
  findRefund: LookUp;
  findPayout: LookUp;
  fenceStep(request: OutsideRequest): Promise<FenceAnswer>;
}

/** The outside steps over a provider. */
export function providerActivities(deps: {
  readonly provider: PaymentProvider;
  readonly classify: (error: unknown) => DatabaseFault;
}): ProviderSteps {
  const { provider } = deps;
  const perform: Perform = async (request) => opened(await alive(provider.perform(request)));
  const find: LookUp = async (request) => opened(await alive(provider.find(request)));
  return faultsOf(deps.classify, {
    ...{ chargePayment: perform, authorizePayment: perform, capturePayment: perform },
    ...{ voidPayment: perform, refundPayment: perform, payOut: perform },
    ...{ findCharge: find, findCapture: find, findVoid: find, findRefund: find, findPayout: find },
    fenceStep: async (request: OutsideRequest) => opened(await alive(provider.fence(request))),
  });
}

/** What an outcome holds: its value when it is one, itself when not. */
export function opened<Value, Rest extends { kind: string }>(
  outcome: Ok<Value> | Rest,
): Value | Rest {
  return outcome.kind === 'ok' ? (outcome as Ok<Value>).value : (outcome as Rest);
}
