import type { App, GatewayDeps } from './app.js';
import { readBody } from './body.js';
import { bounded } from './bounded.js';
import { caseActBody } from './case-schemas.js';
import { parseCaseAct, people } from './cases.js';
import { sendWished } from './holds.js';
import { limits } from './limits.js';
import { createOperationFinder } from './operations.js';
import { problem } from './problems.js';
import { answers, bodyProblems, noQuery, operationBody, operationParams } from './schemas.js';

type Deps = Pick<GatewayDeps, 'client' | 'reads' | 'approvals'>;

/** What a second person says of an operation whose amount needs one. */
export function approvalRoutes(app: App, deps: Deps): void {
  verdictRoute(app, deps, 'approve', 'approved');
  verdictRoute(app, deps, 'refuse', 'refused');
}

function verdictRoute(
  app: App,
  { client, reads, approvals }: Deps,
  action: 'approve' | 'refuse',
  verdict: 'approved' | 'refused',
): void {
  const find = createOperationFinder({ client, reads });

  app.post(
    `/v1/operations/:opId/${action}`,
    {
      config: { access: people },
      schema: {
        summary: summaries[action],
        description: 'By anybody of the staff but who asked for it. The first word stands.',
        tags: ['operations'],
        params: operationParams,
        querystring: noQuery,
        body: caseActBody('accept'),
        response: answers(
          { 202: ['It is written down, and will be done', operationBody] },
          ...(['operation-unknown', 'second-person-needed', 'invalid-state'] as const),
          ...bodyProblems,
        ),
      },
    },
    async (request, reply) => {
      const { caller, params, body } = request;
      const { reason } = readBody(parseCaseAct(body, 'accept'));
      const { opId } = await find(caller, params.opId);
      request.opId = opId;
      const { tenant, subject } = caller;
      const by = { tenant, principal: subject, actor: subject };
      const answer = await approvals.act({ ...by, opId, verdict, reason });
      if (answer.kind === 'fail') throw problem(answer.code);
      // A run that does not hear it reads it all the same: when its time ends, or it begins anew.
      await bounded(limits.temporalTimeoutMs, client.verify(opId));
      return sendWished(reply, await find(caller, opId));
    },
  );
}

const summaries = {
  approve: 'Approve an operation that awaits a second person',
  refuse: 'Refuse an operation that awaits a second person',
} as const;
