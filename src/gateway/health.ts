import { z } from 'zod';
import type { App, GatewayDeps } from './app.js';
import { within } from './bounded.js';
import { limits } from './limits.js';
import { problem } from './problems.js';
import { noQuery, openAnswers } from './schemas.js';

const healthBody = z.object({ status: z.literal('ok') });

/** `/livez`: the process runs. `/readyz`: it can serve; says so within 2 s, and what is down. */
export function healthRoutes(
  app: App,
  checks: GatewayDeps['checks'],
  isClosing: () => boolean,
): void {
  app.get(
    '/livez',
    {
      config: { access: 'open' },
      schema: {
        summary: 'Whether the process runs',
        tags: ['health'],
        querystring: noQuery,
        security: [],
        response: openAnswers({ 200: ['It runs', healthBody] }),
      },
    },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/readyz',
    {
      config: { access: 'open' },
      schema: {
        summary: 'Whether the process can serve',
        tags: ['health'],
        querystring: noQuery,
        security: [],
        response: openAnswers({ 200: ['It can', healthBody] }, 'not-ready'),
      },
    },
    async (_, reply) => {
      reply.header('cache-control', 'no-store');
      const down = isClosing() ? ['closing'] : await downOf(checks);
      if (down.length > 0) throw problem('not-ready', { down }, { 'retry-after': '2' });
      return { status: 'ok' as const };
    },
  );
}

async function downOf(checks: GatewayDeps['checks']): Promise<string[]> {
  const names = ['database', 'temporal'] as const;
  const fine = await Promise.all(
    names.map((name) =>
      within(
        limits.readyTimeoutMs,
        checks[name]().then(
          () => true,
          () => false,
        ),
      ),
    ),
  );
  return names.filter((_, index) => fine[index] !== true);
}
