import { nanoid } from 'nanoid';
import { expect } from 'vitest';
import { eventually } from '../support/eventually.js';
import type { Answer, Sent, TestGateway } from './a-gateway.js';

/** What a business does about rides over HTTP. */
export function aRideDesk(gatewayOf: () => TestGateway) {
  const desk = {
    ask: (body: object, sent: Sent = {}): Promise<Answer> =>
      gatewayOf().send('POST', '/v1/rides', {
        as: 'merchant',
        ...sent,
        body: { estimate: 30_00, currency: 'EUR', ...body },
        headers: { 'idempotency-key': nanoid(), ...sent.headers },
      }),
    tell: (opId: string, what: string, body: unknown, sent: Sent = {}): Promise<Answer> =>
      gatewayOf().send('POST', `/v1/rides/${opId}/${what}`, { as: 'merchant', ...sent, body }),
    read: (opId: string) => gatewayOf().send('GET', `/v1/operations/${opId}`, { as: 'merchant' }),
    async requested() {
      const { world } = gatewayOf();
      const [rider, driver] = [await world.account(100_00), await world.account(0)];
      const { body } = await desk.ask({ rider });
      return { rider, driver, opId: body.opId };
    },
    async booked() {
      const ride = await desk.requested();
      expect((await desk.tell(ride.opId, 'match', { driver: ride.driver })).status).toBe(202);
      // Requested, held, authorised, and held for as long as a ride may take.
      await eventually(async () => expect((await desk.read(ride.opId)).body.version).toBe(4));
      return ride;
    },
  };
  return desk;
}
