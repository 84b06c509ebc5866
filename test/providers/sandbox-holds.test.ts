import { expect, test } from 'vitest';
import { aSandbox, referenceOne } from './a-sandbox.js';

const dayMs = 24 * 3_600_000;

type Sandbox = Awaited<ReturnType<typeof aSandbox>>;

/** A charge of 100.00 to act on; `do` posts a step under a reference of its own. */
async function aCharge(capture: boolean, sandbox?: Sandbox) {
  const provider = sandbox ?? (await aSandbox());
  const { body } = await provider.charge({ amount: 100_00, capture });
  let steps = 0;
  return {
    provider,
    charge: body,
    do: (verb: string, order: object = {}, reference = `op_one:step.${(steps += 1)}:1`) =>
      provider.send(
        'POST',
        `/charges/${body.id}/${verb}`,
        { reference, ...order },
        { 'idempotency-key': reference },
      ),
    later: (shiftMs: number) => provider.send('POST', '/clock', { shiftMs }),
    now: async () => (await provider.send('GET', `/charges/${body.id}`)).body,
  };
}

type Step = [verb: string, order?: object];
const capture = (amount: number, final?: boolean): Step => [
  'capture',
  { amount, ...(final !== undefined && { final }) },
];
const refund = (amount: number): Step => ['refunds', { amount }];
const later = (days: number): Step => ['later', { days }];
const voids: Step = ['void'];

/** Captured at once or authorised; what is done; the answer to the last; the charge after it. */
const stories: [boolean, Step[], number | string, string, number, number][] = [
  [false, [], 201, 'authorized', 0, 0],
  [false, [capture(40_00)], 200, 'authorized', 40_00, 0],
  [false, [capture(40_00), capture(60_00)], 200, 'captured', 100_00, 0],
  [false, [capture(40_00, true)], 200, 'captured', 40_00, 0],
  [false, [capture(115_00)], 200, 'captured', 115_00, 0],
  [false, [capture(100_00), capture(15_00)], 200, 'captured', 115_00, 0],
  [false, [capture(115_01)], 'amount-too-large', 'authorized', 0, 0],
  [false, [capture(60_00), capture(55_01)], 'amount-too-large', 'authorized', 60_00, 0],
  [false, [capture(40_00, true), capture(1)], 'charge-closed', 'captured', 40_00, 0],
  [false, [voids], 200, 'voided', 0, 0],
  [false, [capture(40_00), voids], 200, 'voided', 40_00, 0],
  [false, [capture(100_00), voids], 'charge-captured', 'captured', 100_00, 0],
  [false, [capture(40_00, true), voids], 'charge-captured', 'captured', 40_00, 0],
  [false, [voids, voids], 'charge-voided', 'voided', 0, 0],
  [false, [voids, capture(1)], 'charge-voided', 'voided', 0, 0],
  [false, [later(7), capture(1)], 'charge-expired', 'expired', 0, 0],
  [false, [later(7), voids], 'charge-expired', 'expired', 0, 0],
  [false, [later(6), capture(1)], 200, 'authorized', 1, 0],
  [false, [capture(40_00), later(7), capture(1)], 'charge-expired', 'expired', 40_00, 0],
  [false, [capture(100_00), later(7), capture(1)], 'charge-expired', 'captured', 100_00, 0],
  [false, [refund(1)], 'charge-not-captured', 'authorized', 0, 0],
  [false, [capture(40_00), voids, refund(40_00)], 201, 'voided', 40_00, 40_00],
  [true, [capture(1)], 'charge-captured', 'captured', 100_00, 0],
  [true, [voids], 'charge-captured', 'captured', 100_00, 0],
  [true, [refund(40_00)], 201, 'captured', 100_00, 40_00],
  [true, [refund(40_00), refund(60_00)], 201, 'captured', 100_00, 100_00],
  [true, [refund(40_00), refund(60_01)], 'amount-too-large', 'captured', 100_00, 40_00],
  [true, [later(179), refund(1)], 201, 'captured', 100_00, 1],
  [true, [later(181), refund(1)], 'refund-window-over', 'captured', 100_00, 0],
];

test.each(stories)(
  'a charge (captured at once: %s) after %j is answered with %s',
  async (atOnce, steps, told, status, capturedAmount, refundedAmount) => {
    const held = await aCharge(atOnce);
    let last: { status: number; body: Record<string, unknown> } = { status: 201, body: {} };

    for (const [verb, order = {}] of steps) {
      if (verb === 'later') await held.later((order as { days: number }).days * dayMs);
      else last = await held.do(verb, order);
    }

    expect(last.status < 300 ? last.status : last.body.code).toBe(told);
    if (last.status >= 300) expect(last.status).toBe(409);
    const state = { status, capturedAmount, refundedAmount, amount: 100_00 };
    if (steps.length > 0 && last.status < 300) expect(last.body).toMatchObject(state);
    expect(await held.now()).toMatchObject(state);
  },
);

test('refuses to move a charge that was declined, and one that nobody knows', async () => {
  const sandbox = await aSandbox();
  await sandbox.misbehave({ fault: 'decline', times: 1 });
  const held = await aCharge(false, sandbox);
  const key = { 'idempotency-key': 'op_one:void.1:1' };
  const body = { reference: 'op_one:void.1:1' };

  expect((await held.do('capture', { amount: 1 })).body.code).toBe('charge-declined');
  expect((await sandbox.send('POST', '/charges/ch_none/void', body, key)).status).toBe(404);
});

test('gives the first answer again for the key of a capture, and refuses another', async () => {
  const held = await aCharge(false);
  const reference = 'op_one:capture.1:1';
  const first = await held.do('capture', { amount: 40_00 }, reference);
  await held.do('capture', { amount: 20_00, final: true });

  const again = await held.do('capture', { amount: 40_00 }, reference);
  const other = await held.do('capture', { amount: 40_00, final: true }, reference);

  expect(again.body).toEqual(first.body);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect([other.status, other.body.code]).toEqual([409, 'idempotency-key-reused']);
  expect(await held.now()).toMatchObject({ status: 'captured', capturedAmount: 60_00 });
});

test('keeps nothing of a refusal: its key is free for what can be done', async () => {
  const held = await aCharge(false);
  const reference = 'op_one:capture.1:1';

  expect((await held.do('capture', { amount: 200_00 }, reference)).status).toBe(409);
  expect((await held.do('capture', { amount: 50_00 }, reference)).status).toBe(200);
});

test.each([
  ['capture', {}, 'amount'],
  ['capture', { amount: 0 }, 'amount'],
  ['capture', { amount: 1, final: 'yes' }, 'final'],
  ['capture', { amount: 1, currency: 'USD' }, 'currency'],
  ['void', { amount: 1 }, 'amount'],
  ['void', { reference: '' }, 'reference'],
  ['refunds', { amount: 1.5 }, 'amount'],
  ['refunds', { amount: 1, final: true }, 'final'],
])('refuses a %s with %o and names its field', async (verb, order, path) => {
  const held = await aCharge(false);

  const { status, body } = await held.do(verb, order);

  expect([status, body.code]).toEqual([400, 'body-invalid']);
  expect(body.errors).toEqual([{ path, code: expect.any(String) }]);
});

test('shows captures, voids and refunds as things of their own after the delay', async () => {
  const held = await aCharge(false, await aSandbox({ visibilityDelayMs: 3_600_000 }));
  await held.do('capture', { amount: 40_00 }, 'op_one:capture.1:1');
  await held.do('refunds', { amount: 10_00 }, 'op_one:refund.1:1');
  await held.do('void', {}, 'op_one:void.1:1');
  const look = async (list: string) =>
    (await held.provider.send('GET', `/${list}?reference=op_one`)).body.data;

  expect(await Promise.all(['captures', 'refunds', 'voids'].map(look))).toEqual([[], [], []]);
  await held.later(3_600_000);

  for (const [list, id, reference, amount] of [
    ['captures', /^cap_/, 'op_one:capture.1:1', 40_00],
    ['refunds', /^re_/, 'op_one:refund.1:1', 10_00],
    ['voids', /^vd_/, 'op_one:void.1:1', 60_00],
  ] as const) {
    const rest = { currency: 'USD', status: 'succeeded', createdAt: expect.any(Number) };
    expect(await look(list)).toEqual([
      { id: expect.stringMatching(id), reference, chargeId: held.charge.id, amount, ...rest },
    ]);
  }
  expect(await held.provider.found(`reference=${referenceOne}`)).toEqual([await held.now()]);
});

test('knows every hold, capture, void and refund after a restart', async () => {
  const held = await aCharge(false);
  await held.do('capture', { amount: 40_00 }, 'op_one:capture.1:1');
  await held.do('refunds', { amount: 10_00 });
  await held.do('void');
  const before = await held.now();
  await held.provider.close();

  const after = await aSandbox({ file: held.provider.file });

  expect((await after.send('GET', `/charges/${held.charge.id}`)).body).toEqual(before);
  expect(await after.found('since=0')).toEqual([before]);
});

test('brings a charge to the end of the pages whenever something is done to it', async () => {
  const held = await aCharge(false);
  await held.later(1_000);
  const reference = 'op_two:charge.1:1';
  await held.provider.charge({ reference }, reference);
  await held.later(1_000);

  await held.do('capture', { amount: 1 });

  const order = (await held.provider.found('since=0')).map((one) => one.reference);
  expect(order).toEqual([reference, referenceOne]);
});

test('decides a pending capture in its time, and takes no other until then', async () => {
  const held = await aCharge(false);
  await held.provider.misbehave({ fault: 'pending', delayMs: 60_000, times: 1 });

  const { status, body } = await held.do('capture', { amount: 40_00 });
  expect([status, body.status, body.capturedAmount]).toEqual([200, 'pending', 0]);
  expect((await held.do('void')).body.code).toBe('charge-pending');

  await held.later(60_000);
  expect(await held.now()).toMatchObject({ status: 'authorized', capturedAmount: 40_00 });
});
