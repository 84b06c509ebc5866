import { z } from 'zod';
import {
  type CaseAction,
  caseActions,
  caseStates,
  type OpId,
  type Parsed,
  readObject,
} from '../domain/index.js';
import type { CaseAnswer, CaseRow } from '../ledger/index.js';
import type { App, GatewayDeps } from './app.js';
import type { Role } from './auth.js';
import { readBody } from './body.js';
import { bounded } from './bounded.js';
import { caseActBody, caseBody, caseParams, casesBody } from './case-schemas.js';
import { createCursors } from './cursor.js';
import { limits } from './limits.js';
import { problem, problemOfFaults } from './problems.js';
import { answers, bodyProblems, noQuery } from './schemas.js';

type Deps = Pick<GatewayDeps, 'client' | 'cases' | 'keys'>;

/** Who decides what the machine does not. */
export const people: readonly Role[] = ['operator', 'admin'];

/** What waits for a person: listed, shown, and acted upon. */
export function caseRoutes(app: App, deps: Deps): void {
  listRoute(app, deps);
  showRoute(app, deps);
  for (const action of caseActions) actRoute(app, deps, action);
}

function listRoute(app: App, { cases, keys }: Deps): void {
  const cursors = createCursors(keys.digestKey);

  app.get(
    '/v1/cases',
    {
      config: { access: people },
      schema: {
        summary: 'Cases, newest first',
        tags: ['cases'],
        querystring: listQuery,
        response: answers({ 200: ['A page', casesBody] }, 'cursor-invalid'),
      },
    },
    async ({ caller, query }) => {
      const { limit = limitDefault, cursor, state } = query;
      const before = cursor === undefined ? undefined : cursors.read(caller.tenant, cursor);
      const { rows, next } = await cases.list(caller.tenant, state ? { state } : {}, {
        limit,
        ...(before !== undefined && { before }),
      });
      return {
        data: rows.map(viewOf),
        next: next === undefined ? null : cursors.write(caller.tenant, next),
      };
    },
  );
}

function showRoute(app: App, { cases }: Deps): void {
  app.get(
    '/v1/cases/:id',
    {
      config: { access: people },
      schema: {
        summary: 'One case',
        tags: ['cases'],
        params: caseParams,
        querystring: noQuery,
        response: answers({ 200: ['The case', caseBody] }, 'case-unknown'),
      },
    },
    async (request) => {
      const row = await cases.find(request.caller.tenant, request.params.id);
      if (row === undefined) throw problem('case-unknown');
      request.opId = row.opId;
      return viewOf(row);
    },
  );
}

function actRoute(app: App, { client, cases }: Deps, action: CaseAction): void {
  app.post(
    `/v1/cases/:id/${action}`,
    {
      config: { access: people },
      schema: {
        ...described[action],
        tags: ['cases'],
        params: caseParams,
        querystring: noQuery,
        body: caseActBody(action),
        response: answers({ 202: ['It is written down', caseBody] }, ...actProblems),
      },
    },
    async (request, reply) => {
      const { caller, params, body } = request;
      const asked = readBody(parseCaseAct(body, action));
      const { tenant, subject } = caller;
      const by = { tenant, principal: subject, actor: subject };
      const answer = await cases.act({ ...by, caseId: params.id, action, ...asked });
      if (answer.kind === 'fail') throw refusalOf(answer.code);
      request.opId = answer.opId;
      const isTold = await bounded(limits.temporalTimeoutMs, tell(client, answer));
      const row = await cases.find(tenant, params.id);
      if (row === undefined) throw problem('case-unknown');
      // What ended meanwhile needed no telling.
      if (!isTold && row.state !== 'ended') throw problem('workflow-missing');
      return reply.code(202).send(viewOf(row));
    },
  );
}

function refusalOf(code: Extract<CaseAnswer, { kind: 'fail' }>['code']) {
  if (code !== 'charge-required') return problem(code);
  return problemOfFaults([{ path: 'chargeId', code: 'field-required' }]);
}

/** Lets the workflow know; a repetition of what is decided tells it again. */
async function tell(
  client: Deps['client'],
  answer: Exclude<CaseAnswer, { kind: 'fail' }>,
): Promise<boolean> {
  switch (answer.kind) {
    case 'awaited':
      return client.verify(answer.opId);
    case 'decided': {
      const { kind: _, opId, ...decision } = answer;
      return client.decide(opId, decision);
    }
    case 'again':
      return client.again(answer.opId);
    case 'given-up':
      return (await client.withdraw(answer.opId)).kind === 'accepted';
    case 'accepted':
    case 'approved':
      return true;
  }
}

const reasonLengthMax = 500;
const chargeIdLengthMax = 255;

/** Reads why somebody acts; of a settle also the charge that was found. */
export function parseCaseAct(
  body: unknown,
  action: CaseAction,
): Parsed<{ readonly reason: string; readonly chargeId?: string }> {
  const known = action === 'settle' ? ['reason', 'chargeId'] : ['reason'];
  return readObject(body, known, (read) => {
    const reason = read.words('reason', reasonLengthMax);
    if (action !== 'settle') return { reason };
    const chargeId = read.optional('chargeId', (path) => read.label(path, chargeIdLengthMax));
    return { reason, ...(chargeId !== undefined && { chargeId }) };
  });
}

const actProblems = [
  'case-unknown',
  'invalid-state',
  'second-person-required',
  'workflow-missing',
  ...bodyProblems,
] as const;

const twoPeople =
  'The first call approves, the same call by somebody else carries it out. Another action, or ' +
  'another charge, is a new proposal in its place.';
const described: Readonly<Record<CaseAction, { summary: string; description?: string }>> = {
  verify: { summary: 'Let the operation look at the provider again' },
  retry: { summary: 'Let an operation that parked on a fault try again' },
  accept: { summary: 'Accept a finding, which ends it; a parked operation refuses it' },
  settle: { summary: 'Settle what is held, by hand', description: twoPeople },
  release: { summary: 'Give back what is held, by hand', description: twoPeople },
};

const limitDefault = 50;
/** How many of a list are asked for. */
export const pageLimit = z
  .string()
  .regex(/^([1-9]\d?|100)$/)
  .transform(Number)
  .meta({ description: '1 to 100; 50 when not given' });
const listQuery = z.strictObject({
  state: z.enum(caseStates).optional(),
  limit: pageLimit.optional(),
  cursor: z.string().max(256).optional(),
});

function viewOf(row: CaseRow): z.input<typeof caseBody> & { opId: OpId } {
  const { currency, endedAt, endedBy, note, approvals, ...rest } = row;
  return {
    ...rest,
    approvals: [...approvals],
    ...(currency !== null && { currency }),
    ...(endedAt !== null && { endedAt }),
    ...(endedBy !== null && { endedBy }),
    ...(note !== null && { note }),
  };
}
