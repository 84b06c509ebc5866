import { ApplicationFailure } from '@temporalio/common';
import type { OpId } from '../../src/domain/index.js';
import type { Lane } from './lane.js';
import type { OutsideEvent } from './outside.js';
import type * as services from './services.js';
import type { World } from './world.js';

export type Services = typeof services;

const quietMs = 10_000;

export interface StaffDeps {
  readonly world: World;
  readonly lane: Lane;
  readonly made: Services;
  readonly tenant: string;
  /** The last row of operations before this seed. */
  readonly after: number;
  readonly onWrong: (what: string) => void;
}

/** The gateway and the workers of one seed, over its world: the product's own, composed anew. */
export class Staff {
  readonly world: World;
  readonly tenant: string;
  readonly client;
  readonly #inbox;
  readonly #cases;
  readonly #approvals;
  readonly #webhooks;
  readonly #sweep;
  readonly #charges;
  readonly #after;
  #sweeps = 0;

  constructor({ world, lane, made, tenant, after, onWrong }: StaffDeps) {
    this.world = world;
    this.tenant = tenant;
    this.#after = after;
    const { worker, gateway } = lane;
    const { outside, temporal } = world;
    const ledger = made.createLedger(worker);
    const reads = made.createReads(worker);
    const classify = () => 'bug' as const;
    world.employ({
      ...made.accountActivities({ ledger, classify }),
      ...made.paymentActivities({ ledger, provider: outside, classify }),
      ...made.providerActivities({ provider: outside, classify }),
      ...made.rideActivities({ ledger, classify }),
    } as never);
    this.client = made.createClient({ temporal: temporal.client(), tenant, principal: 'alice' });
    this.#inbox = made.createInbox(gateway);
    this.#cases = made.createCases(gateway);
    this.#approvals = made.createApprovals(gateway);
    const { client } = this;
    const judgeLate = made.createLateJudge({ client, reads });
    const inTrace = (_id: string, _name: string, work: () => Promise<unknown>) => work();
    const log = { error: (said: { err?: unknown }) => onWrong(`log: ${said.err}`), warn: nothing };
    this.#webhooks = (limit: number) =>
      made.applyWaiting(
        {
          ...{ client, reads, inbox: this.#inbox, judgeLate, outageOf: nothing },
          ...{ log, metrics: { count: nothing }, tracing: { inTrace } },
        } as never,
        limit,
      );
    this.#sweep = made.createSweep({
      operations: made.createOpenOperations(worker),
      watch: made.createWatch(temporal.client(), 'simulation'),
      applyWaiting: this.#webhooks,
      inTrace: inTrace as never,
      onFinding: ({ error }) => error !== undefined && onWrong(`sweep: ${String(error)}`),
      prune: () => Promise.resolve({ events: 0, webhooks: 0, findings: 0 }),
    });
    this.#charges = made.createProviderSweep({
      provider: outside,
      known: made.createKnownCharges(worker),
      findings: made.createFindings(worker),
      giveBack: async (ended, evidence) =>
        (await judgeLate(ended, evidence, evidence.reference)).state === 'applied',
      onAlert: nothing,
      onTrouble: ({ reason }) => onWrong(`sweep: ${reason}`),
      quietMs,
    });
  }

  /** How an operation is asked for that two people must agree to, or one. */
  asks(needsTwo: boolean) {
    return needsTwo ? { approvalAbove: 1 } : {};
  }

  /** A webhook arrives. */
  async hear({ id: eventId, ...event }: OutsideEvent): Promise<void> {
    await this.#inbox.record({ provider: this.world.outside.profile.name, eventId, ...event });
    await this.#webhooks(100);
  }

  /** What the reconciler does every 30 s: operations and webhooks, then the provider's charges. */
  async sweep(): Promise<void> {
    this.#sweeps += 1;
    await this.sweepOperations();
    await this.#sweep.waitingWebhooks();
    await this.#charges.charges(`sweep ${this.#sweeps}`, 1);
  }

  async sweepOperations(): Promise<void> {
    await this.#sweep.openOperations(this.#after, nothing);
  }

  async approve(opId: OpId, verdict: 'approved' | 'refused'): Promise<void> {
    const by = { tenant: this.tenant, principal: 'carol', actor: 'carol' };
    await this.#approvals.act({ ...by, opId, verdict, reason: 'she looked at it' });
    await this.client.verify(opId);
  }

  /** Two people look at the provider, and end by hand what is parked as it stands there. */
  async endByHand(): Promise<void> {
    const { rows } = await this.#cases.list(this.tenant, {}, { limit: 50 });
    for (const { id: caseId, opId, kind, state } of rows) {
      if (kind !== 'parked' || state === 'ended') continue;
      const decided = this.#decision(opId);
      for (const principal of ['carol', 'dave']) {
        const by = { tenant: this.tenant, principal, actor: principal, reason: 'they looked' };
        const answer = await this.#cases.act({ ...by, caseId, ...decided });
        if (answer.kind === 'decided') await this.client.decide(opId, answer);
      }
    }
  }

  #decision(opId: OpId): { action: 'settle' | 'release'; chargeId?: string } {
    const of = this.world.outside.effects.filter(
      ({ reference, declineCode }) => reference.startsWith(`${opId}:`) && declineCode === undefined,
    );
    const moved = of.findLast(({ kind }) => kind !== 'authorize' && kind !== 'void');
    if (moved === undefined) return { action: 'release' };
    return { action: 'settle', chargeId: moved.chargeId };
  }
}

function nothing(): undefined {
  return undefined;
}

/** What activities know of where they run. */
export function activityContext(world: () => World | undefined) {
  const info = () => ({ workflowExecution: { runId: world()?.run?.runId } });
  return {
    ApplicationFailure,
    Context: { current: () => ({ info: info(), heartbeat: nothing }) },
  };
}
