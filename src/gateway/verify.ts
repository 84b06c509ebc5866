import { z } from 'zod';
import type { App, GatewayDeps } from './app.js';
import { answers, noQuery } from './schemas.js';

type Deps = Pick<GatewayDeps, 'reads'>;

const sum = z.union([z.int(), z.string().regex(/^-?\d+$/)]);
const verifyBody = z
  .object({
    checks: z.int().meta({ description: 'How many invariants were looked at' }),
    violations: z.array(
      z.object({
        name: z.string(),
        rule: z.string().meta({ description: 'What should hold' }),
        count: z.int(),
        sample: z.array(z.string()).meta({ description: 'Ids that break it; 5 at most' }),
      }),
    ),
    money: z
      .array(
        z.object({
          currency: z.string(),
          ...{ funded: sum, received: sum, refunded: sum, held: sum, settled: sum },
          available: sum,
          drift: sum.meta({
            description: 'available - (funded + received + refunded - held - settled); 0',
          }),
          inDoubt: sum.meta({ description: 'Held for operations in doubt' }),
          parked: sum.meta({ description: 'Held for operations in front of a person' }),
        }),
      )
      .meta({ description: 'Customers and merchants together; beyond 2^53 as digits' }),
  })
  .meta({ id: 'Verified' });

/** The invariants of the caller's tenant, looked at now, and the money that they are about. */
export function verifyRoutes(app: App, { reads }: Deps): void {
  app.get(
    '/v1/verify',
    {
      config: { access: ['operator', 'admin'] },
      schema: {
        summary: 'Look whether every invariant holds',
        description: 'Reads the whole tenant, a page of operations at a time.',
        tags: ['operations'],
        querystring: noQuery,
        response: answers({ 200: ['What was seen', verifyBody] }),
      },
    },
    async ({ caller: { tenant } }) => {
      const { checks, violations } = await reads.verify({ tenant });
      const money = await reads.moneyOf(tenant);
      return { checks, violations: [...violations], money: [...money] };
    },
  );
}
