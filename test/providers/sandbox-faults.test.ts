import { expect, test } from 'vitest';
import { faultNames, type FaultRule, magicAmounts } from '../../src/providers/sandbox/index.js';
import { anOrder, aSandbox, referenceOne } from './a-sandbox.js';

const usd = { reference: referenceOne, amount: 12_50, currency: 'USD' };
const captured = { ...usd, decided: 'captured' };

/** The fault; the answer to the struck charge (`cut`: none at all); what the ledger then holds. */
type Row = [FaultRule, { status: number; body?: object } | 'cut', object[]];
const effects: Row[] = [
  [
    { fault: 'decline', declineCode: 'card_expired' },
    { status: 201, body: { status: 'declined', declineCode: 'card_expired', capturedAmount: 0 } },
    [{ ...usd, decided: 'declined', declineCode: 'card_expired' }],
  ],
  [
    { fault: 'pending', delayMs: 60_000 },
    { status: 201, body: { status: 'pending', capturedAmount: 0 } },
    [{ ...captured, pendingUntil: expect.any(Number) }],
  ],
  [{ fault: 'slow', delayMs: 5 }, { status: 201, body: { status: 'captured' } }, [captured]],
  [{ fault: 'timeout-before' }, 'cut', []],
  [{ fault: 'timeout-after' }, 'cut', [captured]],
  [{ fault: 'error-before' }, { status: 500, body: { code: 'provider-error' } }, []],
  [{ fault: 'error-after', status: 502 }, { status: 502 }, [captured]],
  [{ fault: 'reset-before' }, 'cut', []],
  [{ fault: 'reset-after' }, 'cut', [captured]],
  [{ fault: 'rate-limit' }, { status: 429, body: { code: 'rate-limited' } }, []],
  [{ fault: 'down' }, { status: 503, body: { code: 'provider-down' } }, []],
  [
    { fault: 'wrong-amount' },
    { status: 201, body: { status: 'captured', amount: 12_51, capturedAmount: 12_51 } },
    [{ ...captured, amount: 12_51 }],
  ],
  [
    { fault: 'wrong-currency' },
    { status: 201, body: { currency: 'EUR' } },
    [{ ...captured, currency: 'EUR' }],
  ],
  [
    { fault: 'html' },
    { status: 200, body: { text: expect.stringMatching(/^<!doctype/) } },
    [captured],
  ],
  [
    { fault: 'huge' },
    { status: 201, body: { padding: expect.stringMatching(/^x{3145728}$/) } },
    [captured],
  ],
  [{ fault: 'drop-keys' }, { status: 201, body: { status: 'captured' } }, [captured]],
  ...(['webhook-duplicate', 'webhook-reordered', 'webhook-late', 'webhook-missing'] as const).map(
    (fault): Row => [{ fault }, { status: 201, body: { status: 'captured' } }, [captured]],
  ),
];

test.each(effects)('does and tells what %o says', async (fault, expected, recorded) => {
  const sandbox = await aSandbox();
  await sandbox.misbehave(fault);

  const answered = sandbox.charge().catch(() => 'cut');
  await sandbox.struck();
  const written = await sandbox.written();

  if (expected === 'cut') expect(await answered).toBe('cut');
  else expect(await answered).toMatchObject(expected);
  expect(written).toHaveLength(recorded.length);
  expect(written).toMatchObject(recorded);
});

test('has a row above for every fault', () => {
  expect(effects.map(([{ fault }]) => fault).sort()).toEqual([...faultNames].sort());
});

test('tells when to come back', async () => {
  const sandbox = await aSandbox();
  await sandbox.misbehave({ fault: 'rate-limit', retryAfterMs: 6_500, times: 1 });
  await sandbox.misbehave({ fault: 'down', retryAfterMs: 30_000 });

  expect((await sandbox.charge()).headers.get('retry-after')).toBe('7');
  expect((await sandbox.charge()).headers.get('retry-after')).toBe('30');
});

test.each(['captured', 'declined'] as const)('decides a pending charge as %s', async (becomes) => {
  const sandbox = await aSandbox();
  await sandbox.misbehave({ fault: 'pending', delayMs: 60_000, becomes });
  const { body: first } = await sandbox.charge();

  await sandbox.send('POST', '/clock', { shiftMs: 60_000 });

  const capturedAmount = becomes === 'captured' ? 12_50 : 0;
  expect(await sandbox.found(`reference=${referenceOne}`)).toMatchObject([
    { id: first.id, status: becomes, capturedAmount },
  ]);
  // The key keeps its first answer: only a look-up tells the end.
  expect((await sandbox.charge()).body).toEqual(first);
});

test('charges twice for one key when it drops its keys', async () => {
  const sandbox = await aSandbox();
  await sandbox.misbehave({ fault: 'drop-keys', times: 1 });

  await sandbox.charge();
  await sandbox.charge();
  await sandbox.charge();

  expect(await sandbox.found(`reference=${referenceOne}`)).toHaveLength(2);
});

test.each<[FaultRule, number[]]>([
  [{ fault: 'down', times: 2 }, [503, 503, 201, 201, 201, 201]],
  [{ fault: 'down', skip: 1, times: 2 }, [201, 503, 503, 201, 201, 201]],
  [{ fault: 'down', skip: 4 }, [201, 201, 201, 201, 503, 503]],
  [{ fault: 'down', probability: 0 }, [201, 201, 201, 201, 201, 201]],
  [{ fault: 'down', probability: 1 }, [503, 503, 503, 503, 503, 503]],
])('strikes as often as %o says', async (rule, statuses) => {
  const sandbox = await aSandbox();
  await sandbox.misbehave(rule);

  expect(await statusesOfCharges(sandbox, 6)).toEqual(statuses);
});

test('strikes the same calls for the same seed, and others for another', async () => {
  const struckBy = async (seed: number) => {
    const sandbox = await aSandbox();
    await sandbox.misbehave({ fault: 'down', probability: 0.5, seed });
    return (await statusesOfCharges(sandbox, 40)).join();
  };

  const first = await struckBy(7);

  expect(first).toContain('503');
  expect(first).toContain('201');
  expect(await struckBy(7)).toBe(first);
  expect(await struckBy(8)).not.toBe(first);
});

test.each<[FaultRule['match'], boolean]>([
  [{}, true],
  [{ method: 'POST' }, true],
  [{ method: 'GET' }, false],
  [{ path: '/charges' }, true],
  [{ path: '/charge' }, false],
  [{ path: '/charges/ch_1' }, false],
  [{ referencePrefix: 'op_one' }, true],
  [{ referencePrefix: 'op_two' }, false],
  [{ amount: 12_50 }, true],
  [{ amount: 12_51 }, false],
  [{ method: 'POST', path: '/charges', referencePrefix: 'op_one:', amount: 12_50 }, true],
  [{ method: 'POST', path: '/charges', referencePrefix: 'op_one:', amount: 1 }, false],
])('strikes only the calls that match %o', async (match, strikes) => {
  const sandbox = await aSandbox();
  await sandbox.misbehave({ fault: 'down', match });

  expect((await sandbox.charge()).status).toBe(strikes ? 503 : 201);
});

test('strikes look-ups too', async () => {
  const sandbox = await aSandbox();
  await sandbox.misbehave({ fault: 'down', match: { method: 'GET' }, times: 2 });
  const { body } = await sandbox.charge();

  expect((await sandbox.send('GET', `/charges?reference=${referenceOne}`)).status).toBe(503);
  expect((await sandbox.send('GET', `/charges/${body.id}`)).status).toBe(503);
  expect((await sandbox.send('GET', `/charges/${body.id}`)).status).toBe(200);
});

test.each([
  ['POST', '/charges'],
  ['POST', '/charges/ch_1/capture'],
  ['POST', '/charges/ch_1/void'],
  ['POST', '/charges/ch_1/refunds'],
  ['POST', '/payouts'],
  ['POST', '/fences'],
  ['GET', '/charges'],
  ['GET', '/charges/ch_1'],
  ['GET', '/captures'],
  ['GET', '/refunds'],
  ['GET', '/voids'],
  ['GET', '/payouts'],
] as const)('strikes %s %s where a fault names it, and no other', async (method, path) => {
  const sandbox = await aSandbox();
  await sandbox.misbehave({ fault: 'down', match: { method, path } });
  const body = method === 'POST' ? {} : undefined;

  expect((await sandbox.send(method, path, body)).status).toBe(503);
  const other = path === '/payouts' ? '/voids' : '/payouts';
  expect((await sandbox.send('GET', `${other}?reference=op_one`)).status).toBe(200);
});

test('lists its faults as posted, lets the first match strike, and forgets them', async () => {
  const sandbox = await aSandbox();
  await sandbox.misbehave({ fault: 'down', times: 1 });
  await sandbox.misbehave({ fault: 'rate-limit' });

  expect(await statusesOfCharges(sandbox, 2)).toEqual([503, 429]);
  expect((await sandbox.send('GET', '/faults')).body.data).toEqual([
    { fault: 'down', times: 1, struck: 1 },
    { fault: 'rate-limit', struck: 1 },
  ]);

  expect((await sandbox.send('DELETE', '/faults')).status).toBe(204);
  expect((await sandbox.send('GET', '/faults')).body.data).toEqual([]);
  expect((await sandbox.charge()).status).toBe(201);
});

test.each([
  [{}, 'fault'],
  [{ fault: 'earthquake' }, 'fault'],
  [{ fault: 'down', times: 0 }, 'times'],
  [{ fault: 'down', skip: -1 }, 'skip'],
  [{ fault: 'down', probability: 1.1 }, 'probability'],
  [{ fault: 'down', seed: 'a' }, 'seed'],
  [{ fault: 'slow', delayMs: 1e15 }, 'delayMs'],
  [{ fault: 'error-before', status: 200 }, 'status'],
  [{ fault: 'pending', becomes: 'voided' }, 'becomes'],
  [{ fault: 'down', often: true }, 'often'],
  [{ fault: 'down', match: [] }, 'match'],
  [{ fault: 'down', match: { amount: '1' } }, 'match.amount'],
  [{ fault: 'down', match: { body: 'x' } }, 'match.body'],
])('refuses the fault %o and names its field', async (rule, path) => {
  const sandbox = await aSandbox();

  const { status, body } = await sandbox.send('POST', '/faults', rule);

  expect(status).toBe(400);
  expect(body.errors).toMatchObject([{ path }]);
});

test('takes 100 faults and no more', async () => {
  const sandbox = await aSandbox();
  for (let n = 0; n < 100; n += 1) await sandbox.misbehave({ fault: 'down' });

  const { status, body } = await sandbox.send('POST', '/faults', { fault: 'down' });

  expect([status, body.code]).toEqual([409, 'too-many-faults']);
});

test.each(magicAmounts)(
  'misbehaves by the amount $lastSixDigits alone',
  async ({ lastSixDigits, fault, once }) => {
    const amount = 3_000_000 + lastSixDigits;
    const byRule = effects.find(([rule]) => rule.fault === fault.fault)?.[2] ?? [];
    const sandbox = await aSandbox();

    const answered = sandbox.charge({ amount }).catch(() => 'cut');
    await sandbox.struck();
    if (once && !fault.fault.startsWith('timeout')) {
      await answered;
      expect(await sandbox.charge({ amount })).toMatchObject({ status: 201, body: { amount } });
      expect(await sandbox.written()).toHaveLength(1);
    } else {
      expect(await sandbox.written()).toHaveLength(byRule.length);
    }
  },
);

test('leaves amounts alone that only look like a magic one', async () => {
  const sandbox = await aSandbox();

  expect((await sandbox.charge({ amount: 904_503_000 })).status).toBe(201);
  expect((await sandbox.charge({ amount: 4_503 }, 'op_two:charge.1:1')).status).toBe(201);
});

async function statusesOfCharges(
  sandbox: Awaited<ReturnType<typeof aSandbox>>,
  count: number,
): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const reference = `${anOrder.reference}${n}`;
    statuses.push((await sandbox.charge({ reference }, reference)).status);
  }
  return statuses;
}
