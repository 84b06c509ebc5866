import { expect, test } from 'vitest';
import { money, type OutsideStep } from '../../src/domain/index.js';
import type { OutsideRequest } from '../../src/providers/provider.js';
import {
  createSandboxProvider,
  faultNames,
  type FaultRule,
} from '../../src/providers/sandbox/index.js';
import { aProvider } from './a-provider.js';
import { aSandbox } from './a-sandbox.js';

const chargeId = 'ch_1';
const reference = 'op_one:step.1:1';
const patient = { requestTimeoutMs: 30_000 };
const ok = (value: object) => ({ kind: 'ok', value });
const contradicted = (detail: string) => ok({ kind: 'contradicted', reference, detail });
const unreadable = { kind: 'unknown', reason: 'unreadable-answer' };

const held = {
  id: chargeId,
  reference: 'op_one:authorize.1:1',
  status: 'authorized',
  amount: 12_50,
  currency: 'USD',
  capturedAmount: 0,
  refundedAmount: 0,
};
const mine = { ...held, reference };
const taken = { ...held, capturedAmount: 12_50, status: 'captured' };
const moved = {
  id: 'cap_1',
  reference,
  chargeId,
  amount: 12_50,
  currency: 'USD',
  status: 'succeeded',
};
const payout = { ...moved, id: 'po_1', destination: 'acct_1', status: 'paid' };
const captured = ok({ kind: 'captured', reference, chargeId, minor: 12_50, currency: 'USD' });
const refunded = ok({ kind: 'refunded', reference, chargeId, minor: 12_50, currency: 'USD' });
const voided = ok({ kind: 'voided', reference, chargeId });
const pending = ok({ kind: 'pending', reference });
const paidOut = { kind: 'paid-out', reference, payoutId: 'po_1', minor: 12_50, currency: 'USD' };
const declined = (declineCode: string) =>
  ok({ kind: 'declined', reference, chargeId, declineCode });
const refused = (cause: string) => ({ kind: 'fail', code: 'provider-refused', cause });

/** The step; status and body of its answer; how it is understood. */
const answers: [OutsideStep, number, unknown, object][] = [
  ['authorize', 201, mine, ok({ kind: 'authorized', reference, chargeId, minor: 12_50 })],
  ['authorize', 201, { ...mine, expiresAt: 9 }, ok({ kind: 'authorized', expiresAt: 9 })],
  ['authorize', 201, { ...mine, capturedAmount: 1 }, contradicted('another captured amount')],
  ['authorize', 201, { ...taken, reference }, contradicted('the charge is captured')],
  ['authorize', 201, { ...mine, status: 'voided' }, contradicted('the charge is voided')],
  ['authorize', 201, { ...mine, amount: 1 }, contradicted('another amount')],
  ['authorize', 201, { ...mine, status: 'pending' }, pending],
  ['authorize', 409, { code: 'reference-fenced' }, refused('reference-fenced')],
  ['capture', 200, taken, captured],
  ['capture', 200, { ...taken, capture: moved }, captured],
  ['capture', 200, { ...held, capturedAmount: 12_49 }, contradicted('another captured amount')],
  [
    'capture',
    200,
    { ...taken, capturedAmount: undefined },
    contradicted('another captured amount'),
  ],
  ['capture', 200, { ...taken, id: 'ch_2' }, contradicted('another charge')],
  ['capture', 200, { ...taken, currency: 'EUR' }, contradicted('another currency')],
  ['capture', 200, { ...taken, status: 'declined' }, contradicted('the charge is declined')],
  ['capture', 200, { ...taken, status: 'pending' }, pending],
  ['capture', 200, { ...taken, capture: { ...moved, status: 'pending' } }, pending],
  ['capture', 200, { ...taken, capture: { ...moved, amount: 1 } }, contradicted('another amount')],
  [
    'capture',
    200,
    { ...taken, capture: { ...moved, reference: 'x' } },
    contradicted('another reference'),
  ],
  [
    'capture',
    200,
    { ...taken, capture: { ...moved, chargeId: 'ch_2' } },
    contradicted('another charge'),
  ],
  ['capture', 200, { ...taken, capture: {} }, unreadable],
  ['capture', 200, {}, unreadable],
  ['capture', 200, moved, contradicted('another charge')],
  ['capture', 409, { code: 'charge-voided' }, declined('charge-voided')],
  ['capture', 409, { code: 'reference-fenced' }, refused('reference-fenced')],
  [
    'capture',
    409,
    { code: 'idempotency-key-reused' },
    contradicted('another capture under our key'),
  ],
  ['capture', 409, { code: 'charge-pending' }, { kind: 'retry', nextRetryAfterMs: 1_000 }],
  ['capture', 409, {}, { kind: 'unknown', reason: 'status-409' }],
  ['capture', 400, { code: 'body-invalid' }, refused('body-invalid')],
  ['capture', 404, { code: 'not-found' }, { kind: 'unknown', reason: 'status-404' }],
  ['capture', 500, taken, { kind: 'unknown', reason: 'status-500' }],
  ['void', 200, { ...held, status: 'voided' }, voided],
  ['void', 200, held, contradicted('the charge is authorized')],
  ['void', 200, { ...held, status: 'voided', amount: 1 }, contradicted('another amount')],
  ['void', 200, { ...held, status: 'voided', id: 'ch_2' }, contradicted('another charge')],
  ['void', 409, { code: 'charge-captured' }, declined('charge-captured')],
  ['refund', 201, { ...taken, refundedAmount: 12_50 }, refunded],
  ['refund', 201, taken, contradicted('another refunded amount')],
  ['refund', 409, { code: 'amount-too-large' }, declined('amount-too-large')],
  ['payout', 201, payout, ok(paidOut)],
  ['payout', 201, { ...payout, status: 'pending' }, pending],
  [
    'payout',
    201,
    { ...payout, status: 'failed' },
    ok({ kind: 'declined', reference, declineCode: 'declined' }),
  ],
  ['payout', 201, { ...payout, amount: 1 }, contradicted('another amount')],
  ['payout', 201, { ...payout, currency: 'EUR' }, contradicted('another currency')],
  ['payout', 201, { ...payout, reference: 'x' }, contradicted('another reference')],
  ['payout', 201, { ...payout, destination: 'acct_2' }, contradicted('another destination')],
  ['payout', 201, { ...payout, status: 'captured' }, unreadable],
  ['payout', 409, { code: 'reference-fenced' }, refused('reference-fenced')],
];

test.each(answers)('understands a %s answered with %i %j', async (step, status, body, outcome) => {
  expect(await (await answeredWith(status, body)).perform(request(step))).toMatchObject(outcome);
});

/** The step; what the look-up shows; how it is understood. */
const lookUps: [OutsideStep, unknown[], object][] = [
  ['authorize', [{ ...mine, capturedAmount: 5_00 }], ok({ kind: 'authorized', chargeId })],
  ['authorize', [{ ...mine, status: 'voided' }], voided],
  ['authorize', [{ ...mine, status: 'expired' }], voided],
  ['authorize', [{ ...taken, reference }], contradicted('the charge is captured')],
  ['authorize', [{ ...mine, status: 'declined' }], declined('declined')],
  ['capture', [moved], captured],
  ['capture', [{ ...moved, status: 'failed', declineCode: 'lost_card' }], declined('lost_card')],
  ['capture', [{ ...moved, status: 'pending' }], pending],
  ['capture', [{ ...moved, status: 'voided' }], unreadable],
  ['capture', [{ ...moved, amount: 12_49 }], contradicted('another amount')],
  ['capture', [{ ...moved, chargeId: 'ch_2' }], contradicted('another charge')],
  ['capture', [{ ...moved, chargeId: undefined }], unreadable],
  ['capture', [moved, moved], contradicted('2 captures under one reference')],
  ['void', [{ ...moved, amount: 2_50 }], voided],
  ['void', [{ ...moved, amount: 12_51 }], contradicted('another amount')],
  ['refund', [moved], refunded],
  ['refund', [{ ...moved, currency: 'EUR' }], contradicted('another currency')],
  ['payout', [payout], ok(paidOut)],
  ['payout', [], ok({ kind: 'not-found', reference })],
];

test.each(lookUps)('finds of a %s, shown as %j, what it is', async (step, data, outcome) => {
  const find = await answeredWith(200, { data });
  expect(await find.find(request(step))).toMatchObject(outcome);

  const fence = await answeredWith(201, { reference, fenced: true, data });
  const fenced = data.length === 0 ? ok({ kind: 'fenced', reference }) : outcome;
  expect(await fence.fence(request(step))).toMatchObject(fenced);
});

test.each<[number, unknown, object]>([
  [201, { reference, data: [] }, unreadable],
  [201, { reference, fenced: false, data: [] }, unreadable],
  [201, { reference, fenced: true }, unreadable],
  [200, { reference, fenced: true, data: [] }, unreadable],
  [201, { reference: 'op_two:x:1', fenced: true, data: [] }, contradicted('another reference')],
  [404, { code: 'not-found' }, { kind: 'unknown', reason: 'status-404' }],
  [409, { code: 'reference-fenced' }, { kind: 'unknown', reason: 'status-409' }],
  [429, {}, { kind: 'retry', reason: 'rate-limited' }],
])('takes %i %j for no fence', async (status, body, outcome) => {
  const provider = await answeredWith(status, body);

  expect(await provider.fence(request('charge'))).toMatchObject(outcome);
});

const moves = ['capture', 'void', 'refund'] as const;
const cases = moves.flatMap((step) => faultNames.map((fault) => [step, fault] as const));

test.each(cases)('comes to one truth about a %s under the fault %s', async (step, fault) => {
  const sandbox = await aSandbox();
  const timeout = fault.startsWith('timeout') ? { requestTimeoutMs: 200 } : patient;
  const provider = createSandboxProvider({ baseUrl: sandbox.url, ...timeout });
  const before = step === 'refund' ? 'charge' : 'authorize';
  const first = { ...request(before), reference: 'op_one:first.1:1' };
  const made = await provider.perform(first);
  if (made.kind !== 'ok' || !('chargeId' in made.value)) throw new Error(JSON.stringify(made));
  const target = made.value.chargeId === undefined ? {} : { chargeId: made.value.chargeId };
  const asked = { ...request(step), ...target };
  const rule: FaultRule = { fault, times: 1, match: { method: 'POST' } };
  await sandbox.misbehave(fault === 'pending' ? { ...rule, delayMs: 60_000 } : rule);

  const struck = await provider.perform(asked);
  await sandbox.struck();
  const found = await provider.find(asked);

  expect({ struck: kindOf(struck), found: kindOf(found) }).toEqual(truths[fault](step));
});

type Truth = (step: (typeof moves)[number]) => { struck: string; found: string };
const past = { capture: 'captured', void: 'voided', refund: 'refunded' } as const;
const honest: Truth = (step) => ({ struck: past[step], found: past[step] });
const same = (kind: string) => () => ({ struck: kind, found: kind });
const lost: Truth = (step) => ({ struck: 'unknown', found: past[step] });
const nothing = (struck: string) => () => ({ struck, found: 'not-found' });

const truths: Record<(typeof faultNames)[number], Truth> = {
  decline: nothing('declined'),
  pending: same('pending'),
  slow: honest,
  'timeout-before': nothing('unknown'),
  'timeout-after': lost,
  'error-before': nothing('unknown'),
  'error-after': lost,
  'reset-before': nothing('unknown'),
  'reset-after': lost,
  'rate-limit': nothing('retry'),
  down: nothing('unknown'),
  'wrong-amount': same('contradicted'),
  'wrong-currency': same('contradicted'),
  html: lost,
  huge: lost,
  'drop-keys': honest,
  'webhook-duplicate': honest,
  'webhook-reordered': honest,
  'webhook-late': honest,
  'webhook-missing': honest,
};

function kindOf(outcome: { kind: string; value?: { kind: string } }): string {
  return outcome.value?.kind ?? outcome.kind;
}

function request(step: OutsideStep): OutsideRequest {
  const destination = step === 'payout' ? { destination: 'acct_1' } : {};
  return { step, reference, amount: money(12_50, 'USD'), chargeId, ...destination };
}

async function answeredWith(status: number, body: unknown) {
  const { url } = await aProvider((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  return createSandboxProvider({ baseUrl: url, ...patient });
}
