import { nanoid } from 'nanoid';
import { commands, kindOf, type ServiceStep, serviceSteps } from '../../src/domain/index.js';
import type { FaultRule } from '../../src/providers/sandbox/index.js';
import type { Branch } from './branches.js';
import { reached } from './reached.js';

/** What befalls an operation of several steps on its way. */
interface StepsCourse {
  readonly funds?: number;
  /** What the service of this step does, each time or so many times. */
  readonly faults?: readonly (FaultRule & { readonly at: ServiceStep })[];
  /** No service answers what stands under a key. */
  readonly blind?: true;
}

let amounts = 30_000;

/** One way through an operation of several steps; `more` is what it asks for beside its money. */
export function steps(
  of: keyof typeof commands,
  name: string,
  more: object,
  { funds = 1_000_00, faults = [], blind }: StepsCourse,
  end: string,
): Branch {
  return {
    name,
    async walk(world) {
      amounts += 1;
      const amount = amounts;
      for (const { at, ...rule } of faults) {
        const path = `/services/${serviceSteps[at]}/${kindOf(at)}`;
        await world.fault({ ...rule, match: { method: 'POST', path, amount } });
      }
      if (blind)
        await world.fault({ fault: 'error-before', match: { method: 'GET', path: '/services' } });
      const account = await world.account(funds);
      const payload = { account, amount, currency: 'EUR', ...more };
      const { opId } = await world.client.start({ ...commands[of], idemKey: nanoid(), payload });
      await reached(world, opId, end);
      return opId;
    },
  };
}
