import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSandboxServer, readSandboxLedger } from '../../src/providers/sandbox/index.js';
import { aFolder, anOrder, aSandbox, chargesIn, referenceOne } from './a-sandbox.js';

test('captures a charge, and has it on the disk before it answers', async () => {
  const sandbox = await aSandbox();

  const { status, headers, body } = await sandbox.charge({ metadata: { shop: 'north' } });

  expect(status).toBe(201);
  expect(body).toMatchObject({
    reference: referenceOne,
    status: 'captured',
    amount: 12_50,
    currency: 'USD',
    capturedAmount: 12_50,
    refundedAmount: 0,
    metadata: { shop: 'north' },
  });
  expect(headers.get('location')).toBe(`/charges/${body.id}`);
  expect(await chargesIn(sandbox.file)).toMatchObject([{ id: body.id, amount: 12_50 }]);
});

test('charges once for 20 posts of one key at once', async () => {
  const sandbox = await aSandbox();

  const answers = await Promise.all(Array.from({ length: 20 }, () => sandbox.charge()));

  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
  const replayed = answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true');
  expect(replayed).toHaveLength(19);
  expect(await sandbox.written()).toHaveLength(1);
});

test('gives the first answer again for the same body, however its keys are ordered', async () => {
  const sandbox = await aSandbox();
  const first = await sandbox.charge({ metadata: { a: '1', b: '2' } });

  const again = await sandbox.charge({ metadata: { b: '2', a: '1' } });

  expect(again.body).toEqual(first.body);
});

test.each([
  { amount: 12_51 },
  { currency: 'EUR' },
  { reference: 'op_other:charge.1:1' },
  { metadata: { shop: 'south' } },
])('refuses the same key with another %o, and charges nothing', async (other) => {
  const sandbox = await aSandbox();
  await sandbox.charge();

  const { status, body } = await sandbox.charge(other);

  expect([status, body.code]).toEqual([409, 'idempotency-key-reused']);
  expect(await sandbox.written()).toHaveLength(1);
});

test.each([
  ['a missing key', undefined, anOrder, 400, 'idempotency-key-required'],
  ['a short key', 'short', anOrder, 400, 'idempotency-key-invalid'],
  ['a key with a comma', 'op_one:1, op_two:2', anOrder, 400, 'idempotency-key-invalid'],
  ['a word as capture', referenceOne, { ...anOrder, capture: 'no' }, 400, 'body-invalid'],
  ['an absent capture', referenceOne, { ...anOrder, capture: undefined }, 400, 'body-invalid'],
  ['a text as amount', referenceOne, { ...anOrder, amount: '5' }, 400, 'body-invalid'],
  ['an amount of zero', referenceOne, { ...anOrder, amount: 0 }, 400, 'body-invalid'],
  ['a broken amount', referenceOne, { ...anOrder, amount: 0.5 }, 400, 'body-invalid'],
  ['a lower-case currency', referenceOne, { ...anOrder, currency: 'usd' }, 400, 'body-invalid'],
  ['a blank in the reference', referenceOne, { ...anOrder, reference: 'a b' }, 400, 'body-invalid'],
  ['a nested metadata', referenceOne, { ...anOrder, metadata: { a: {} } }, 400, 'body-invalid'],
  ['an unknown field', referenceOne, { ...anOrder, tip: 1 }, 400, 'body-invalid'],
  ['a list', referenceOne, [anOrder], 400, 'body-invalid'],
  ['no JSON', referenceOne, '{"amount":', 400, 'request-invalid'],
  ['a prototype', referenceOne, '{"__proto__":{"amount":1}}', 400, 'request-invalid'],
  ['65 KB', referenceOne, { ...anOrder, note: 'x'.repeat(65_536) }, 413, 'request-invalid'],
])('refuses a charge with %s', async (_, key, body, status, code) => {
  const sandbox = await aSandbox();
  const headers = key === undefined ? {} : { 'idempotency-key': key };

  const answer = await sandbox.send('POST', '/charges', body, headers);

  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(await sandbox.written()).toEqual([]);
});

test.each([
  ['GET', '/charges', 400],
  ['GET', '/charges?reference=', 400],
  ['GET', '/charges?reference=a%20b', 400],
  ['GET', '/charges?reference=a&reference=b', 400],
  ['GET', '/charges?reference=a&since=0', 400],
  ['GET', '/charges?since=yesterday', 400],
  ['GET', '/charges?since=-1', 400],
  ['GET', '/charges?since=2026-13-45T99:00:00Z', 400],
  ['GET', '/charges/ch_unknown', 404],
  ['GET', '/charges/%zz', 400],
  ['GET', '/nowhere', 404],
  ['DELETE', '/charges', 404],
])('answers %s %s with a problem', async (method, path, status) => {
  const sandbox = await aSandbox();

  const answer = await sandbox.send(method, path);

  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
});

test('finds a charge by reference, operation and id, and no neighbour', async () => {
  const sandbox = await aSandbox();
  const { body: one } = await sandbox.charge();
  const second = 'op_one:charge.1:2';
  const { body: two } = await sandbox.charge({ reference: second }, second);
  for (const neighbour of ['op_one2:charge.1:1', 'op_one:charge.1:10']) {
    await sandbox.charge({ reference: neighbour }, neighbour);
  }

  expect(await sandbox.found(`reference=${referenceOne}`)).toEqual([one]);
  expect(await sandbox.found(`reference=op_one:charge.1`)).toHaveLength(3);
  expect(await sandbox.found('reference=op_one')).toEqual(expect.arrayContaining([one, two]));
  expect(await sandbox.found('reference=op_on')).toEqual([]);
  expect((await sandbox.send('GET', `/charges/${one.id}`)).body).toEqual(one);
});

test('pages through all charges in order of last change', async () => {
  const sandbox = await aSandbox();
  const references = Array.from({ length: 205 }, (_, n) => `op_many${n}:charge.1:1`);
  await sandbox.misbehave({ fault: 'pending', delayMs: 3_600_000, times: 1 });
  for (const reference of references) await sandbox.charge({ reference }, reference);
  await sandbox.send('POST', '/clock', { shiftMs: 3_600_000 });

  const seen: string[] = [];
  for (let since: unknown = '1970-01-01T00:00:00Z', page = 0; since !== null; page += 1) {
    expect(page).toBeLessThan(3);
    const { body } = await sandbox.send('GET', `/charges?since=${since}`);
    const data = body.data as { reference: string }[];
    expect(data.length).toBeLessThanOrEqual(100);
    seen.push(...data.map(({ reference }) => reference));
    since = body.next;
  }

  // The first one was decided last.
  expect(seen).toEqual([...references.slice(1), references[0]]);
});

test('shows nothing that changed before the moment asked for', async () => {
  const sandbox = await aSandbox();
  const { body } = await sandbox.charge();

  expect(await sandbox.found(`since=${body.changedAt}`)).toHaveLength(1);
  expect(await sandbox.found(`since=${Number(body.changedAt) + 1}`)).toEqual([]);
});

test('shows a charge in look-ups only after the delay, and by its id at once', async () => {
  const sandbox = await aSandbox({ visibilityDelayMs: 3_600_000 });
  const { body } = await sandbox.charge();

  expect(await sandbox.found(`reference=${referenceOne}`)).toEqual([]);
  expect(await sandbox.found('since=0')).toEqual([]);
  expect((await sandbox.send('GET', `/charges/${body.id}`)).status).toBe(200);

  await sandbox.send('POST', '/clock', { shiftMs: 3_600_000 });
  expect(await sandbox.found(`reference=${referenceOne}`)).toEqual([body]);
  expect(await sandbox.found('since=0')).toEqual([body]);
});

test.each([{}, { shiftMs: -1 }, { shiftMs: 1.5 }, { shiftMs: '1' }, []])(
  'refuses to shift the clock by %o',
  async (body) => {
    const sandbox = await aSandbox();

    expect((await sandbox.send('POST', '/clock', body)).status).toBe(400);
  },
);

test('knows every charge, key and clock shift after a restart', async () => {
  const before = await aSandbox();
  const { body: charged } = await before.charge();
  const { body: clock } = await before.send('POST', '/clock', { shiftMs: 3_600_000 });
  await before.close();

  const after = await aSandbox({ file: before.file });

  expect(await after.found(`reference=${referenceOne}`)).toEqual([charged]);
  expect((await after.charge()).body).toEqual(charged);
  expect((await after.charge({ amount: 1 })).status).toBe(409);
  const { body: later } = await after.send('POST', '/clock', { shiftMs: 1 });
  expect(later.shiftMs).toBe(Number(clock.shiftMs) + 1);
  expect(await after.written()).toHaveLength(1);
});

test('drops a torn last line and goes on behind the last whole one', async () => {
  const before = await aSandbox();
  await before.charge();
  await before.close();
  const whole = await readFile(before.file, 'utf8');
  await appendFile(before.file, whole.slice(0, whole.length / 2));

  const after = await aSandbox({ file: before.file });
  await after.charge({ reference: 'op_two:charge.1:1' }, 'op_two:charge.1:1');

  const written = await after.written();
  expect(written.map(({ reference }) => reference)).toEqual([referenceOne, 'op_two:charge.1:1']);
});

test.each(['{"type":"charge"', 'null', '{"type":"rumour"}'])(
  'does not start on a ledger with the line %s in its middle',
  async (line) => {
    const file = join(await aFolder(), 'ledger.jsonl');
    await writeFile(file, `{"type":"clock","shiftMs":0}\n${line}\n{"type":"clock","shiftMs":0}\n`);

    await expect(readSandboxLedger(file)).rejects.toThrow('line 2');
    await expect(createSandboxServer({ file, port: 0 })).rejects.toThrow('line 2');
  },
);

test('answers what is under way before it closes, and says how much that was', async () => {
  const sandbox = await aSandbox();
  await sandbox.misbehave({ fault: 'slow', delayMs: 600_000 });
  const slow = sandbox.charge();
  await sandbox.struck();

  const closed = await sandbox.close();

  expect(closed).toEqual({ drained: 1, interrupted: 0 });
  expect((await slow).status).toBe(201);
  expect(await chargesIn(sandbox.file)).toHaveLength(1);
});

test('cuts what would hang when it closes, and says how much that was', async () => {
  const sandbox = await aSandbox();
  await sandbox.misbehave({ fault: 'timeout-before' });
  const hanging = sandbox.charge().catch(() => 'cut');
  await sandbox.struck();

  const closed = await sandbox.close();

  expect(closed).toEqual({ drained: 0, interrupted: 1 });
  expect(await hanging).toBe('cut');
});

test('says that it lives', async () => {
  const sandbox = await aSandbox();

  expect((await sandbox.send('GET', '/livez')).status).toBe(200);
});
