import { z } from 'zod';
import { correctionPrincipal, parseCorrection } from '../domain/index.js';
import type { FindingRow } from '../ledger/index.js';
import type { App, GatewayDeps } from './app.js';
import { readBody } from './body.js';
import { bounded } from './bounded.js';
import { caseActBody } from './case-schemas.js';
import { pageLimit, parseCaseAct, people } from './cases.js';
import { createCursors } from './cursor.js';
import { limits } from './limits.js';
import { problem } from './problems.js';
import { accountId, amount, answers, bodyProblems, currency, noQuery } from './schemas.js';

type Deps = Pick<GatewayDeps, 'client' | 'findings' | 'keys'>;

/** What reconciliation saw that does not agree: listed, accepted, corrected, and looked for now. */
export function findingRoutes(app: App, deps: Deps): void {
  listRoute(app, deps);
  acceptRoute(app, deps);
  correctRoute(app, deps);
  sweepRoute(app, deps);
}

function listRoute(app: App, { findings, keys }: Deps): void {
  const cursors = createCursors(keys.digestKey);

  app.get(
    '/v1/findings',
    {
      config: { access: people },
      schema: {
        summary: 'Findings of reconciliation, newest first',
        description: 'A charge that no operation made is shown to every tenant.',
        tags: ['findings'],
        querystring: listQuery,
        response: answers({ 200: ['A page', findingsBody] }, 'cursor-invalid'),
      },
    },
    async ({ caller: { tenant }, query: { limit, cursor, state } }) => {
      const page = await findings.list(tenant, state === undefined ? {} : { state }, {
        limit: limit ?? limitDefault,
        ...(cursor !== undefined && { before: cursors.read(tenant, cursor) }),
      });
      const next = page.next === undefined ? null : cursors.write(tenant, page.next);
      return { data: page.rows.map(viewOf), next };
    },
  );
}

function acceptRoute(app: App, { findings }: Deps): void {
  app.post(
    '/v1/findings/:id/accept',
    {
      config: { access: people },
      schema: {
        summary: 'Accept a finding, which ends it for good',
        tags: ['findings'],
        params: z.object({ id: z.string() }),
        querystring: noQuery,
        body: caseActBody('accept'),
        response: answers(
          { 200: ['It is accepted', findingBody] },
          ...(['finding-unknown', 'invalid-state'] as const),
          ...bodyProblems,
        ),
      },
    },
    async ({ caller: { tenant, subject }, params, body }) => {
      const { reason: note } = readBody(parseCaseAct(body, 'accept'));
      const by = { tenant, principal: subject, actor: subject };
      const answer = await findings.accept({ ...by, findingId: params.id, note });
      if (answer.kind === 'fail') throw problem(answer.code);
      return shown(findings, tenant, params.id);
    },
  );
}

function correctRoute(app: App, { client, findings }: Deps): void {
  app.post(
    '/v1/findings/:id/correct',
    {
      config: { access: people },
      schema: {
        summary: 'Correct a finding by a booking of two people, which ends it for good',
        description:
          'The first call proposes; the same account, amount, currency and direction by somebody ' +
          'else is booked against the funding account, as the operation `correction.opId`. ' +
          'Anything else is a new proposal in its place.',
        tags: ['findings'],
        params: z.object({ id: z.string() }),
        querystring: noQuery,
        body: correctionBody,
        response: answers(
          { 200: ['It is proposed, or booked', findingBody] },
          ...(['finding-unknown', 'invalid-state', 'account-unknown', 'account-closed'] as const),
          ...(['currency-mismatch', 'insufficient-funds', 'balance-limit-exceeded'] as const),
          ...bodyProblems,
        ),
      },
    },
    async (request) => {
      const { caller, params, body, trace } = request;
      const { command, reason } = readBody(parseCorrection(body, params.id));
      const asked = client.envelope(command, {
        ...{ tenant: caller.tenant, principal: correctionPrincipal, actor: caller.subject },
        trace: trace.traceId,
      });
      const answer = await findings.correct(asked, reason);
      if (answer.kind === 'fail') throw problem(answer.code);
      if (answer.kind === 'corrected') request.opId = answer.opId;
      return shown(findings, caller.tenant, params.id);
    },
  );
}

async function shown(findings: Deps['findings'], tenant: string, id: string) {
  const row = await findings.find(tenant, id);
  if (row === undefined) throw problem('finding-unknown');
  return viewOf(row);
}

function sweepRoute(app: App, { client }: Deps): void {
  app.post(
    '/v1/findings/sweep',
    {
      config: { access: people },
      schema: {
        summary: 'Reconcile now, and not only in at most 30 s',
        description: 'For all tenants. One that runs already is not joined by another.',
        tags: ['findings'],
        querystring: noQuery,
        response: answers({ 202: ['It runs', z.object({ started: z.boolean() })] }, 'unavailable'),
      },
    },
    async (_, reply) => {
      const started = await bounded(limits.temporalTimeoutMs, client.sweep());
      return reply.code(202).send({ started });
    },
  );
}

function viewOf(row: FindingRow): z.input<typeof findingBody> {
  const { opId, reference, reason, resolvedBy, note, correction, ...rest } = row;
  return {
    ...rest,
    ...(opId !== null && { opId }),
    ...(reference !== null && { reference }),
    ...(reason !== null && { reason }),
    ...(resolvedBy !== null && { resolvedBy }),
    ...(note !== null && { note }),
    ...(correction !== null && { correction: { ...correction, by: [...correction.by] } }),
  };
}

const limitDefault = 50;
const states = ['open', 'resolved'] as const;
const listQuery = z.strictObject({
  state: z.enum(states).optional(),
  limit: pageLimit.optional(),
  cursor: z.string().max(256).optional(),
});

const correction = z.strictObject({
  account: accountId,
  amount,
  currency,
  direction: z.enum(['credit', 'debit']).meta({ description: 'Into the account, or out of it' }),
});
/** What somebody wants booked for a finding, and why. */
export const correctionBody = correction.extend(caseActBody('accept').shape);

const moment = z.iso.datetime({ offset: true });
const findingBody = z
  .object({
    id: z.string().meta({ examples: ['finding_3f0c8b1e5d7a4c2f9a6b0d1e2f3a4b5c'] }),
    kind: z.string().meta({ examples: ['unknown-charge'] }),
    opId: z.string().optional(),
    reference: z.string().optional(),
    evidence: z.looseObject({}).meta({ description: 'The charge there, and what is known here' }),
    explained: z.boolean().meta({ description: 'Nobody need look: it is on its way to agree' }),
    reason: z.string().optional(),
    firstSeen: moment,
    lastSeen: moment,
    times: z.int().meta({ description: 'In how many sweeps' }),
    state: z.enum(states),
    resolvedBy: z.string().optional(),
    note: z.string().optional(),
    correction: z
      .object({
        ...correction.shape,
        by: z
          .array(z.object({ principal: z.string(), reason: z.string(), at: moment }))
          .meta({ description: 'One person proposes; it is booked when there are two' }),
        opId: z.string().optional().meta({ description: 'What booked it' }),
      })
      .optional(),
  })
  .meta({ id: 'Finding' });
const findingsBody = z
  .object({
    data: z.array(findingBody),
    next: z.string().nullable().meta({ description: 'The cursor of the next page' }),
  })
  .meta({ id: 'Findings' });
