import type { Draw } from '../support/rounds.js';
import type { Caller, Ears } from './soak-callers.js';

/** Who asks for what: a customer for its own account, the staff for all. */
export interface Cast {
  readonly account: string;
  readonly friend: string;
  readonly customer: Caller;
  readonly staff: Caller;
}

/** Begins every key of one story: the same for the same seed. */
type Story = Pick<Draw, 'whole'> & { readonly name: string } & Pick<Ears, 'onViolation'>;
type Flow = (cast: Cast, story: Story) => Promise<unknown>;

const currency = 'EUR';
const holdMs = 120_000;
export const poor = 'poor';
export const driver = 'driver';
export const shop = 'shop';

/** What callers do, and how often of 100. */
export const flows: Readonly<Record<string, { readonly of100: number; readonly flow: Flow }>> = {
  payment: { of100: 40, flow: paid },
  'payment asked twice': { of100: 5, flow: paidTwice },
  'hold captured': { of100: 10, flow: captured },
  'hold cancelled': { of100: 8, flow: cancelled },
  refund: { of100: 10, flow: refunded },
  payout: { of100: 7, flow: paidOut },
  transfer: { of100: 8, flow: transferred },
  'ride driven': { of100: 5, flow: driven },
  'ride cancelled': { of100: 3, flow: rideCancelled },
  'payment of the poor': { of100: 4, flow: tooPoor },
};

/** A flow, drawn by how often it comes. */
export function drawFlow(draw: Draw): string {
  let left = draw.whole(1, 100);
  const found = Object.entries(flows).find(([, { of100 }]) => {
    left -= of100;
    return left <= 0;
  });
  return found?.[0] ?? 'payment';
}

function paid({ account, customer }: Cast, { whole, name: key }: Story) {
  const body = { account, amount: whole(1_00, 50_00), currency };
  return customer.start({ kind: 'payment', path: '/v1/payments', body, key });
}

/** At once under the same key, which is one operation; then for another amount, which is none. */
async function paidTwice({ account, customer }: Cast, story: Story): Promise<void> {
  const body = { account, amount: story.whole(1_00, 50_00), currency };
  const asked = { kind: 'payment', path: '/v1/payments', body, key: story.name };
  const [one, other] = await Promise.all([customer.start(asked), customer.start(asked)]);
  if (one !== other) story.onViolation(`the key ${story.name} made ${one} and ${other}`);
  if (one === undefined) return;
  const more = { ...body, amount: body.amount + 1 };
  const another = await customer.start({ ...asked, body: more });
  if (another !== undefined) story.onViolation(`the key ${story.name} was used for two amounts`);
}

/** Held for a while; then all of it is taken, or part. */
async function captured(cast: Cast, story: Story): Promise<void> {
  const { opId, amount } = await held(cast, story, 'hold captured');
  if (opId === undefined) return;
  const taken = { amount: story.whole(1, amount) };
  const key = `${story.name}-capture`;
  await cast.staff.persuade(opId, `/v1/payments/${opId}/capture`, taken, key);
}

async function cancelled(cast: Cast, story: Story): Promise<void> {
  const { opId } = await held(cast, story, 'hold cancelled');
  if (opId === undefined) return;
  await cast.customer.persuade(opId, `/v1/payments/${opId}/cancel`, {});
}

async function held({ account, customer }: Cast, { whole, name: key }: Story, kind: string) {
  const amount = whole(1_00, 50_00);
  const holdExpiresAt = new Date(Date.now() + holdMs).toISOString();
  const body = { account, amount, currency, capture: 'manual', holdExpiresAt };
  const opId = await customer.start({ kind, path: '/v1/payments', body, key });
  return { opId, amount };
}

async function refunded(cast: Cast, story: Story): Promise<void> {
  const opId = await paid(cast, story);
  const payment = opId === undefined ? undefined : await cast.staff.atRest(opId);
  if (payment?.state !== 'COMPLETED') return;
  const body = { amount: story.whole(1, payment.amount ?? 1) };
  const path = `/v1/payments/${opId}/refunds`;
  await cast.staff.start({ kind: 'refund', path, body, key: `${story.name}-refund` });
}

function paidOut({ staff }: Cast, { whole, name: key }: Story) {
  const body = { account: shop, amount: whole(1_00, 9_00), currency, destination: 'bank_shop' };
  return staff.start({ kind: 'payout', path: '/v1/payouts', body, key });
}

function transferred({ account, friend, customer }: Cast, { whole, name: key }: Story) {
  const amount = whole(1_00, 20_00);
  const body = { account, payTo: friend, method: 'balance', amount, currency };
  return customer.start({ kind: 'transfer', path: '/v1/payments', body, key });
}

async function driven({ account, staff }: Cast, { whole, name: key }: Story): Promise<void> {
  const estimate = whole(5_00, 40_00);
  const body = { rider: account, estimate, currency };
  const opId = await staff.start({ kind: 'ride', path: '/v1/rides', body, key });
  if (opId === undefined) return;
  await staff.persuade(opId, `/v1/rides/${opId}/match`, { driver, destination: 'bank_driver' });
  await staff.persuade(opId, `/v1/rides/${opId}/complete`, { amount: whole(1_00, estimate) });
}

async function rideCancelled({ account, staff }: Cast, { whole, name: key }: Story): Promise<void> {
  const body = { rider: account, estimate: whole(5_00, 40_00), currency };
  const opId = await staff.start({ kind: 'ride', path: '/v1/rides', body, key });
  if (opId === undefined) return;
  const isMatched = whole(0, 1) === 1;
  if (isMatched) await staff.persuade(opId, `/v1/rides/${opId}/match`, { driver });
  const by = isMatched && whole(0, 1) === 1 ? 'driver' : 'rider';
  await staff.persuade(opId, `/v1/rides/${opId}/cancel`, { by });
}

function tooPoor({ staff }: Cast, { whole, name: key }: Story) {
  const body = { account: poor, amount: whole(1_00, 50_00), currency };
  return staff.start({ kind: 'payment of the poor', path: '/v1/payments', body, key });
}
