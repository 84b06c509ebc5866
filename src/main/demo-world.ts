import { nanoid } from 'nanoid';
import type { Reads } from '../ledger/reads.js';
import { type FaultRule, readSandboxLedger } from '../providers/sandbox/index.js';
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
  /** How often each of the provider's faults struck, in the order they were set. */
  struck(): Promise<readonly number[]>;
  /** Charges in the provider's own ledger, declined ones apart. */
  charges(): Promise<readonly ProviderCharge[]>;
}

export interface PaymentBody {
  readonly account: string;
  readonly amount: number;
  readonly method?: 'card' | 'balance';
  readonly payTo?: string;
}

export interface ProviderCharge {
  readonly opId: string;
  readonly amount: number;
}

const atRestTimeoutMs = 50_000;
const waitSeconds = 20;

/** A world over a running stack, as the admin of a tenant of its own. */
export async function createDemoWorld(stack: Stack, reads: Reads): Promise<DemoWorld> {
  const tenant = `demo-${nanoid(8).replaceAll(/[^A-Za-z0-9]/g, 'x')}`;
  const token = await stack.token('admin', 'demo', tenant);
  const api = createHttpApi({ url: stack.urls.gateway, token });
  const provider = async (method: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${stack.urls.provider}/faults`, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
    if (!response.ok) throw new Error(`the provider refused a fault: ${await response.text()}`);
    return response.json();
  };

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
      await provider('POST', rule);
    },
    async struck() {
      const { data } = (await provider('GET')) as { data: readonly { struck: number }[] };
      return data.map((rule) => rule.struck);
    },
    async charges() {
      const entries = await readSandboxLedger(stack.providerLedgerFile);
      return entries.flatMap((entry) =>
        entry.type === 'charge' && entry.charge.decided === 'captured'
          ? [{ opId: opIdOf(entry.charge.reference), amount: entry.charge.amount }]
          : [],
      );
    },
  };
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
