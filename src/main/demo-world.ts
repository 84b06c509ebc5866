import { setTimeout as delay } from 'node:timers/promises';
import { nanoid } from 'nanoid';
import type { Reads } from '../ledger/reads.js';
import type { FaultRule } from '../providers/sandbox/index.js';
import {
  type Answer,
  createHttpApi,
  type HttpApi,
  isOperation,
  type OperationBody,
  type ProblemBody,
  untilAtRest,
} from './http-api.js';
import type { Stack } from './stack.js';

export const currency = 'EUR';

/** Something the demo claims, and what it saw when it looked. */
export interface Check {
  readonly claim: string;
  readonly holds: boolean;
  readonly saw: string;
}

/** What one scene did. */
export interface SceneReport {
  readonly title: string;
  readonly operations: readonly OperationBody[];
  readonly checks: readonly Check[];
  /** Answers that are not operations, in words. */
  readonly notes?: readonly string[];
}

/** What the scenes act on: the gateway as a user sees it, and the outside as they bend it. */
export interface DemoWorld {
  readonly api: HttpApi;
  readonly stack: Stack;
  readonly reads: Reads;
  readonly tenant: string;
  /** Starts a payment and gives what was answered at once. */
  accept(payment: PaymentBody, key?: string): Promise<Answer<OperationBody | ProblemBody>>;
  /** Starts a payment and gives it once it is final, or parked. */
  pay(payment: PaymentBody, key?: string): Promise<OperationBody>;
  /** What the operation has come to, within 50 s. */
  atRest(opId: string): Promise<OperationBody>;
  /** Lets the provider misbehave. */
  fault(rule: FaultRule): Promise<void>;
  /** Ends the faults that strike this amount; the others stay. */
  heal(amount: number): Promise<void>;
  /** A charge that reaches the provider by no doing of ours any more. */
  chargeLate(reference: string, amount: number): Promise<void>;
  /** The operation once it is as it should be; as it is after 20 s. */
  reaches(
    opId: string,
    is: (operation: OperationBody) => boolean,
  ): Promise<OperationBody | undefined>;
  /** What `look` finds, as soon as it finds something; undefined after 20 s. */
  awaited<Found>(look: () => Promise<Found | undefined>): Promise<Found | undefined>;
  /** How often each of the provider's faults struck, in the order they were set. */
  struck(): Promise<readonly number[]>;
  /** What the provider itself says it took, of each charge. */
  charges(): Promise<readonly ProviderCharge[]>;
}

export interface PaymentBody {
  readonly account: string;
  readonly amount: number;
  readonly method?: 'card' | 'balance';
  readonly payTo?: string;
  readonly capture?: 'manual';
  readonly timeBudgetMs?: number;
}

export interface ProviderCharge {
  readonly opId: string;
  readonly amount: number;
  readonly refunded: number;
}

const atRestTimeoutMs = 50_000;
const waitSeconds = 20;

/** A world over a running stack, as the admin of a tenant of its own. */
export async function createDemoWorld(stack: Stack, reads: Reads): Promise<DemoWorld> {
  const tenant = `demo-${nanoid(8).replaceAll(/[^A-Za-z0-9]/g, 'x')}`;
  const token = await stack.token('admin', 'demo', tenant);
  const api = createHttpApi({ url: stack.urls.gateway, token });
  const provider = async (method: string, path: string, body?: object, key?: string) => {
    const response = await fetch(`${stack.urls.provider}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
    });
    if (!response.ok) throw new Error(`the provider refused ${path}: ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  };
  const faults = (method: string, body?: object) => provider(method, '/faults', body);

  const accept: DemoWorld['accept'] = (payment, key = nanoid()) =>
    api.post<OperationBody>('/v1/payments', { currency, ...payment }, { key });
  const atRest = (opId: string) => untilAtRest(api, opId, atRestTimeoutMs);
  return {
    ...{ api, stack, reads, tenant, accept, atRest },
    async pay(payment, key = nanoid()) {
      const body = { currency, ...payment };
      const answer = await api.post<OperationBody>('/v1/payments', body, { key, waitSeconds });
      return atRest(accepted(answer).opId);
    },
    async fault(rule) {
      await faults('POST', rule);
    },
    async struck() {
      const { data } = (await faults('GET')) as { data: readonly { struck: number }[] };
      return data.map((rule) => rule.struck);
    },
    async heal(amount) {
      const { data } = (await faults('GET')) as { data: readonly FaultRule[] };
      await faults('DELETE');
      for (const rule of data) if (rule.match?.amount !== amount) await faults('POST', plain(rule));
    },
    async chargeLate(reference, amount) {
      const body = { reference, amount, currency, capture: true };
      await provider('POST', '/charges', body, reference);
    },
    async reaches(opId, is) {
      let last: OperationBody | undefined;
      const found = await awaited(async () => {
        const { body } = await api.get<OperationBody>(`/v1/operations/${opId}`);
        last = isOperation(body) ? body : last;
        return last !== undefined && is(last) ? last : undefined;
      });
      return found ?? last;
    },
    awaited,
    async charges() {
      const all: ProviderCharge[] = [];
      for (let since: string | null = '0'; since !== null; ) {
        const page = (await provider('GET', `/charges?since=${since}`)) as ChargePage;
        const taken = page.data.filter(({ capturedAmount }) => capturedAmount > 0);
        all.push(...taken.map(asCharge));
        since = page.next;
      }
      return all;
    },
  };
}

interface ChargePage {
  readonly data: readonly {
    readonly reference: string;
    readonly capturedAmount: number;
    readonly refundedAmount: number;
  }[];
  readonly next: string | null;
}

function asCharge(charge: ChargePage['data'][number]): ProviderCharge {
  const { reference, capturedAmount, refundedAmount } = charge;
  return { opId: opIdOf(reference), amount: capturedAmount, refunded: refundedAmount };
}

/** A rule as it was given: the provider counts on it what struck. */
function plain({ struck: _, ...rule }: FaultRule & { readonly struck?: number }): object {
  return rule;
}

const awaitedMsMax = 20_000;
const pollMs = 100;

async function awaited<Found>(look: () => Promise<Found | undefined>): Promise<Found | undefined> {
  const endsAt = performance.now() + awaitedMsMax;
  while (performance.now() < endsAt) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(pollMs);
  }
  return undefined;
}

/** The operation that was accepted; throws with the problem when none was. */
export function accepted({ status, body }: Answer<OperationBody | ProblemBody>): OperationBody {
  if (isOperation(body)) return body;
  throw new Error(`the gateway refused with ${status} ${body.code}: ${JSON.stringify(body)}`);
}

// References are opId:step.ordinal:n.
function opIdOf(reference: string): string {
  return reference.split(':')[0] ?? reference;
}
