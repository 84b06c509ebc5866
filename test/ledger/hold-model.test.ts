import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type OpId, referenceOf } from '../../src/domain/index.js';
import { sweeps } from '../chaos/sweeps.js';
import { captureOf } from '../support/envelopes.js';
import { again, judged, planOf, seed } from '../support/rounds.js';
import { type Ask, createModel, explanations, type Name, names } from './hold-model.js';
import { wordOf } from './word-of.js';
import { aWorld, type Tenant } from './world.js';

const here = aWorld();
const fault = 'any-order';

const payments = ['payment', 'other'] as const;
const isPayment = (op: Name) => op === 'payment' || op === 'other';
// The second is not what was begun under its number; the last two go beyond a hold of 10.
const parts = [
  { n: 1, minor: 4, final: false },
  { n: 1, minor: 5, final: false },
  { n: 2, minor: 6, final: true },
  { n: 3, minor: 11, final: true },
  { n: 4, minor: 30, final: true },
];
const asking = (weight: number, verbs: readonly Ask['verb'][], ops: readonly Name[]) => ({
  weight,
  arbitrary: fc.record({
    verb: fc.constantFrom(...verbs),
    op: fc.constantFrom(...ops),
    part: fc.constantFrom(...parts),
  }),
});
const asks = fc.oneof(
  asking(4, ['hold'], names),
  asking(4, ['begin', 'settle'], payments),
  asking(2, ['settle'], ['refund', 'second', 'payout']),
  asking(1, ['release', 'extend', 'attempt'], names),
);
// Without these few runs come so far as a refund.
const toRefund: readonly Ask['verb'][] = ['hold', 'begin', 'settle'];
const runs = fc.record({
  isPaid: fc.boolean(),
  funds: fc.constantFrom(10, 30, 60),
  amount: fc.constantFrom(10, 25),
  back: fc.constantFrom(3, 6),
  batches: fc.array(fc.array(asks, { minLength: 1, maxLength: 6 }), { maxLength: 10, size: 'max' }),
});

/** The operations of one run, each asked under an identity of its own however often. */
function operationsOf(tenant: Tenant, amounts: Readonly<Record<Name, number>>) {
  const pay = (amount: number) =>
    tenant.payment({ account: 'alice', payTo: 'shop', amount, capture: 'multiple' });
  const [payment, other] = [pay(amounts.payment), pay(amounts.other)];
  const refund = (amount: number) => tenant.refund({ payment: payment.opId, amount });
  return {
    ...{ payment, other, refund: refund(amounts.refund), second: refund(amounts.second) },
    payout: tenant.payout({ account: 'shop', amount: amounts.payout }),
  };
}
type Operations = ReturnType<typeof operationsOf>;

/** What the ledger says. */
async function told(operations: Operations, { verb, op, part }: Ask): Promise<string> {
  const { ledger } = here.world;
  const envelope = operations[op];
  const { opId } = envelope;
  const { n, minor, final } = part;
  const call = (): Promise<{ readonly kind: string; readonly minor?: number }> => {
    switch (verb) {
      case 'hold':
        if (op === 'payout') return ledger.holdPayout(operations[op]);
        if (op === 'refund' || op === 'second') return ledger.holdRefund(operations[op]);
        return ledger.hold(operations[op]);
      case 'begin':
        return ledger.beginCapture(opId, { ...part, step: `capture.${n}`, tolerancePercent: 15 });
      case 'settle':
        if (!isPayment(op)) return settleWhole(op, opId, envelope.command.payload.amount ?? 0);
        return ledger.settle(
          opId,
          captureOf(operations.payment, { reference: referenceOf(opId, `capture.${n}`, 1), minor }),
          { step: `settle.${n}`, final },
        );
      case 'release':
        return ledger.release(envelope, { kind: 'withdrawn' });
      case 'extend':
        return ledger.extendHold(opId, 'extend.1', Date.parse('2030-01-01T00:00:00Z'));
      case 'attempt':
        return ledger.writeAttempt(opId, 'void.1', 1, 1);
    }
  };
  const answer = await call();
  const word = wordOf(answer);
  return /^(held|capturing|settled|captured-part)$/.test(word) ? `${word} ${answer.minor}` : word;
}

function settleWhole(op: Name, opId: OpId, minor: number) {
  const { ledger } = here.world;
  const step = op === 'payout' ? op : 'refund';
  const proof = { reference: referenceOf(opId, `${step}.1`, 1), minor, currency: 'EUR' } as const;
  return step === 'payout'
    ? ledger.settle(opId, { ...proof, kind: 'paid-out', payoutId: 'po' }, { step, final: true })
    : ledger.settle(opId, { ...proof, kind: 'refunded', chargeId: 'ch' }, { step, final: true });
}

/** What the ledger's rows say, in the words of the model. */
async function rowsOf(tenant: Tenant, operations: Operations) {
  const rows = await here.world.rows<{ opId: string; state: string; sums: object }>(
    `select o.op_id as "opId", h.state, jsonb_build_object('set', h.amount,
            'captured', h.captured, 'released', h.released) as sums
       from ledger.hold h join ledger.operation o on o.id = h.op where o.tenant = $1`,
    tenant.tenant,
  );
  const checked = await here.world.reads.balanceCheck(tenant.tenant);
  const { posted, held } = await tenant.balance('alice');
  return {
    accounts: { alice: { posted, held }, shop: await pick(tenant, 'shop') },
    refunded: Number(checked.find(({ account }) => account === 'alice')?.refunded),
    holds: names.map((name) => {
      const { opId } = operations[name];
      const { state = 'missing', sums = nothing } = rows.find((row) => row.opId === opId) ?? {};
      return { name, state, sums };
    }),
  };
}

async function pick(tenant: Tenant, name: string) {
  const { posted, held } = await tenant.balance(name);
  return { posted, held };
}

const nothing = { set: 0, captured: 0, released: 0 };

function shown({ accounts: { alice, shop }, holds }: ReturnType<typeof createModel>) {
  return {
    accounts: { alice, shop },
    refunded: holds.refund.sums.captured + holds.second.sums.captured,
    holds: names.map((name) => ({ name, state: holds[name].state, sums: holds[name].sums })),
  };
}

test('any-order: one order explains what many clients are told at once', async ({ task }) => {
  const heard = new Set<string>();
  const { rounds, untilMs } = planOf(fault);
  let [done, operationCount] = [0, 0];
  const violations: string[] = [];
  const property = fc.asyncProperty(runs, async ({ isPaid, funds, amount, back, batches }) => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds });
    await tenant.open('shop', { kind: 'merchant' });
    const amounts = { payment: amount, other: 10, refund: back, second: 5, payout: 4 };
    const operations = operationsOf(tenant, amounts);
    let models: ReturnType<typeof explanations> = [createModel(funds, amounts)];
    const part = { n: 9, minor: amount, final: true };
    const paid = toRefund.map((verb): Ask[] => [{ verb, op: 'payment', part }]);
    for (const batch of isPaid ? [...paid, ...batches] : batches) {
      const words = await Promise.all(batch.map((ask) => told(operations, ask)));
      for (const word of words) heard.add(word.split(' ')[0] as string);
      const answers = batch.map((ask, n) => ({ ask, word: words[n] as string }));
      const before = models;
      models = explanations(models, answers);
      if (models.length === 0) {
        throw new Error(`no order explains ${JSON.stringify({ before, answers }, null, 1)}`);
      }
    }
    const after = await judged(fault, 1, { tenant: tenant.tenant, rows: here.world.rows });
    done += 1;
    operationCount += after.operations;
    violations.push(...after.violations);

    expect(models.map(shown)).toContainEqual(await rowsOf(tenant, operations));
    expect(after.violations).toEqual([]);
  });
  const limit = Number.isFinite(untilMs) && {
    interruptAfterTimeLimit: untilMs - performance.now(),
  };
  try {
    await fc.assert(property, { seed, numRuns: rounds, ...limit });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${again(fault)}`, { cause: error });
  } finally {
    task.meta.swept = { fault, rounds: done, operations: operationCount, violations };
  }
  // So that a change of the generator cannot quietly leave a case out; fewer runs may.
  const missed = everyWord.filter((word) => !heard.has(word));
  expect(done < sweeps[fault].few ? [] : missed).toEqual([]);
});

const everyWord = [
  'attempted',
  'capture-exceeds-hold',
  'captured-part',
  'capturing',
  'evidence-mismatch',
  'extended',
  'held',
  'hold-captured',
  'hold-missing',
  'hold-released',
  'insufficient-funds',
  'invalid-state',
  'operation-COMPLETED',
  'operation-FAILED',
  'operation-missing',
  'payment-unknown',
  'refund-exceeds-captured',
  'released',
  'settled',
  'withdrawn',
];
