import type { OpId } from '../../src/domain/index.js';
import type { RunningWorld } from './running-world.js';

/** Two people say the same about its case. */
export async function decided(
  world: RunningWorld,
  opId: OpId,
  action: 'release' | 'settle',
  chargeId = 'ch_1',
) {
  const by = ['ada', 'bob'] as const;
  const charge = action === 'settle' ? { chargeId } : {};
  for (const one of by) {
    await world.database.owner`
      select ledger.case_act_v1(c.tenant, c.case_id, ${action}, ${one}, ${one}, 'looked',
                                ${charge.chargeId ?? null})
        from ledger.case c join ledger.operation o on o.id = c.op where o.op_id = ${opId}`;
  }
  await world.client.decide(opId, { action, by, ...charge });
}
