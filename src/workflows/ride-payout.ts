import {
  commands,
  type Envelope,
  type RideCommand,
  type RideMatch,
  type Settled,
} from '../domain/index.js';
import { childOf, startOperation } from './child-operation.js';
import { payout } from './payout.js';

/**
 * Sends what a ride brought its driver to where the driver is paid out: an operation of its own,
 * with its own hold, key and doubt, that the ride does not wait for. Once per ride, however often
 * it is asked for.
 */
export async function payDriver(
  ride: Envelope<RideCommand>,
  match: RideMatch | undefined,
  { minor: amount }: Settled,
): Promise<void> {
  if (match?.destination === undefined) return;
  const { driver: account, destination } = match;
  const { currency } = ride.command.payload;
  const payload = { account, amount, currency, destination };
  await startOperation(payout, childOf(ride, commands.payout, `ride:${ride.opId}`, payload));
}
