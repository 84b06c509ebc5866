import { captureOf } from '../support/envelopes.js';
import type { aWorld, Tenant } from './world.js';

/** A tenant with an account of 100, an open hold of 30 and a settled payment of 20. */
export async function aBusyTenant(here: ReturnType<typeof aWorld>): Promise<Tenant> {
  const tenant = here.aTenant();
  await tenant.open('alice', { funds: 100 });
  await tenant.open('shop', { kind: 'merchant' });
  await tenant.held({ account: 'alice', amount: 30 });
  const settled = await tenant.held({ account: 'alice', amount: 20 });
  await here.world.ledger.settle(settled.opId, captureOf(settled));
  return tenant;
}
