import { expect, test } from 'vitest';
import { aConformanceWorld, authorized, type ConformanceWorld } from './conformance-world.js';

/** What a list of all charges must show, where the profile says that there is one. */
export function lists(start: () => Promise<ConformanceWorld>): void {
  test('shows every charge once its cursor is followed, as it stands', async () => {
    const world = await aConformanceWorld(start);
    if (!world.profile.lists) return expect((await world.since(null)).kind).toBe('unknown');
    const { reference } = await world.ready('charge');
    const charge = world.request('charge', { reference });
    await world.perform(charge);
    const chargeId = await world.chargeIdOf('authorize');
    await world.capture(chargeId, authorized, true);
    const open = await world.chargeIdOf('authorize');

    const page = await world.since(null);

    if (page.kind !== 'ok') throw new Error(JSON.stringify(page));
    const states = page.value.data.map(
      (one) => `${one.reference === reference ? 'own ' : ''}${one.state}`,
    );
    expect(states.sort()).toEqual(['authorized', 'captured', 'own captured']);
    expect(page.value.data.find((one) => one.chargeId === open)).toMatchObject({
      ...{ minor: authorized, capturedMinor: 0, refundedMinor: 0 },
    });
    expect(page.value).toMatchObject({ isLast: true, unreadable: 0 });
    expect((await world.since(page.value.next)).kind).toBe('ok');
  });
}
