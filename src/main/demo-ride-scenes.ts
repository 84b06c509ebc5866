import { nanoid } from 'nanoid';
import { minus } from '../domain/index.js';
import { accounts, balanceOf, check, endedAs } from './demo-scenes.js';
import { accepted, currency, type DemoWorld, type SceneReport } from './demo-world.js';
import type { OperationBody } from './http-api.js';

const amounts = { estimate: 30_00, fare: 27_50, cancelled: 24_00, fee: 5_00 } as const;

/** A ride costs less than its estimate: that is what is captured, and sent out to the driver. */
export async function rideCompleted(world: DemoWorld): Promise<SceneReport> {
  const { opId } = await booked(world, amounts.estimate, { destination: 'bank_dave' });
  await world.api.post(`/v1/rides/${opId}/complete`, { amount: amounts.fare });
  const ride = await world.atRest(opId);
  const payout = await world.awaited(async () => {
    const { body } = await world.api.get<{ data: OperationBody[] }>(
      `/v1/operations?domain=Payout&bizKey=${opId}`,
    );
    const [found] = 'data' in body ? body.data : [];
    return found?.state === 'COMPLETED' ? found : undefined;
  });
  const { posted } = await balanceOf(world, accounts.driver);
  return {
    title: 'A ride that is matched, driven and paid',
    operations: payout === undefined ? [ride] : [ride, payout],
    checks: [
      endedAs('it settles', [ride], 'COMPLETED'),
      await took(world, opId, amounts.fare),
      check('the driver is paid out the fare', payout?.amount === amounts.fare, payout?.amount),
      check('nothing of it stays with the driver', posted === 0, posted),
    ],
  };
}

/** The rider cancels a booked ride: the fee is captured, and the rest of the hold is let go. */
export async function rideCancelled(world: DemoWorld): Promise<SceneReport> {
  const { opId } = await booked(world, amounts.cancelled);
  const before = await balanceOf(world, accounts.payer);
  await world.api.post(`/v1/rides/${opId}/cancel`, { by: 'rider' });
  const ride = await world.atRest(opId);
  const after = await balanceOf(world, accounts.payer);
  const back = minus(after.available, before.available);
  return {
    title: 'A ride that its rider cancels once it is booked',
    operations: [ride],
    checks: [
      endedAs('it settles with the fee', [ride], 'COMPLETED'),
      await took(world, opId, amounts.fee),
      check('the rest is available again', back === minus(amounts.cancelled, amounts.fee), back),
    ],
  };
}

/** A ride that is authorised, and held for as long as it may take. */
async function booked(
  { api, reaches }: DemoWorld,
  estimate: number,
  more: { readonly destination?: string } = {},
): Promise<OperationBody> {
  const asked = { rider: accounts.payer, estimate, currency };
  const { opId } = accepted(await api.post<OperationBody>('/v1/rides', asked, { key: nanoid() }));
  const matched = await api.post<OperationBody>(`/v1/rides/${opId}/match`, {
    ...{ driver: accounts.driver, ...more },
  });
  const ride = accepted(matched);
  // Requested, held, authorised, extended.
  return (await reaches(opId, ({ version }) => version >= 4)) ?? ride;
}

/** The claim that the provider took this in one charge. */
async function took(world: DemoWorld, opId: string, amount: number) {
  const taken = (await world.charges()).filter((charge) => charge.opId === opId);
  const saw = taken.map((charge) => charge.amount).join(' ');
  return check(`the provider took ${amount} once`, saw === `${amount}`, saw);
}
