import { z } from 'zod';
import { type BreakerAct, breakerActs, guardedProviders } from '../domain/index.js';
import type { BreakerStanding } from '../ledger/index.js';
import type { App, GatewayDeps } from './app.js';
import type { Role } from './auth.js';
import { readBody } from './body.js';
import { caseActBody } from './case-schemas.js';
import { parseCaseAct } from './cases.js';
import { problem } from './problems.js';
import { answers, bodyProblems, noQuery } from './schemas.js';

type Deps = Pick<GatewayDeps, 'breakers'>;
type ProviderView = z.input<typeof providerBody>;

const people: readonly Role[] = ['operator', 'admin'];

/** Whether providers are asked, and a person's hand on that. */
export function providerRoutes(app: App, { breakers }: Deps): void {
  app.get(
    '/v1/providers',
    {
      config: { access: people },
      schema: {
        summary: 'Providers, and whether calls to them go out',
        tags: ['providers'],
        querystring: noQuery,
        response: answers({ 200: ['All of them', z.object({ data: z.array(providerBody) })] }),
      },
    },
    async () => {
      const standings = await breakers.list();
      return { data: guardedProviders.map((name) => viewOf(name, standings)) };
    },
  );
  for (const act of breakerActs) actRoute(app, breakers, act);
}

function actRoute(app: App, breakers: Deps['breakers'], act: BreakerAct): void {
  app.post(
    `/v1/providers/:provider/breaker/${act}`,
    {
      config: { access: people },
      schema: {
        ...described[act],
        tags: ['providers'],
        params: z.object({ provider: z.string().meta({ examples: ['sandbox'] }) }),
        querystring: noQuery,
        body: caseActBody('verify'),
        response: answers(
          { 200: ['As it is now', providerBody] },
          'provider-unknown',
          ...bodyProblems,
        ),
      },
    },
    async ({ caller, params, body }) => {
      const { reason } = readBody(parseCaseAct(body, 'verify'));
      const name = guardedProviders.find((known) => known === params.provider);
      if (name === undefined) throw problem('provider-unknown');
      await breakers.operate(name, act, `${caller.tenant}/${caller.subject}`, reason);
      return viewOf(name, await breakers.list());
    },
  );
}

function viewOf(provider: string, standings: readonly BreakerStanding[]): ProviderView {
  const { mode = 'closed', turned = null } =
    standings.find((one) => one.provider === provider) ?? {};
  if (turned === null) return { provider, mode };
  const { type, actor, reason, at } = turned;
  return {
    ...{ provider, mode },
    turned: { type, by: actor, at: new Date(at).toISOString(), ...(reason !== null && { reason }) },
  };
}

const all =
  'For all tenants: they have it in common. Every process sees it within a second. `objects` is ' +
  'the store of files.';
const described: Readonly<Record<BreakerAct, { summary: string; description: string }>> = {
  isolate: {
    summary: 'Let nothing out to the provider until it is reset',
    description: `Payments wait, with their money held; uploads wait, notices do not. ${all}`,
  },
  reset: { summary: 'Let everything out to the provider again', description: all },
};

const providerBody = z
  .object({
    provider: z.string(),
    mode: z.enum(['closed', 'open', 'recovering', 'isolated']).meta({
      description: 'As it was last written: all calls go out, none, some, or none by hand',
    }),
    turned: z
      .object({
        type: z.string(),
        by: z.string().meta({ description: 'A worker, or who did it by hand' }),
        reason: z.string().optional(),
        at: z.iso.datetime({ offset: true }),
      })
      .optional(),
  })
  .meta({ id: 'Provider' });
