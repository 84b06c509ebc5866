import { expect, test } from 'vitest';
import { aSandbox, referenceOne } from './a-sandbox.js';

type Sandbox = Awaited<ReturnType<typeof aSandbox>>;

const fence = (sandbox: Sandbox, reference = referenceOne) =>
  sandbox.send('POST', '/fences', { reference });
const refused = [409, 'reference-fenced'];

test('refuses what comes after the fence, and keeps nothing under its key', async () => {
  const sandbox = await aSandbox();

  const { status, body } = await fence(sandbox);

  expect([status, body]).toEqual([201, { reference: referenceOne, fenced: true, data: [] }]);
  const late = await sandbox.charge();
  expect([late.status, late.body.code]).toEqual(refused);
  // The key is free: it was the reference that was closed.
  const elsewhere = { reference: 'op_one:charge.1:2' };
  expect((await sandbox.charge(elsewhere)).status).toBe(201);
  expect(await sandbox.written()).toMatchObject([elsewhere]);
});

test('closes one attempt, and neither its operation nor its neighbours', async () => {
  const sandbox = await aSandbox();
  await fence(sandbox, 'op_one:charge.1');
  await fence(sandbox, 'op_one:charge.1:10');

  expect((await sandbox.charge()).status).toBe(201);
});

test('tells what stands, lag or not, and still gives its answer again', async () => {
  const sandbox = await aSandbox({ visibilityDelayMs: 3_600_000 });
  const { body: charged } = await sandbox.charge();

  expect((await fence(sandbox)).body.data).toEqual([charged]);

  const again = await sandbox.charge();
  expect([again.status, again.body]).toEqual([201, charged]);
});

test('keeps a second effect out that a dropped key would let in', async () => {
  const sandbox = await aSandbox();
  await sandbox.charge();
  await fence(sandbox);
  await sandbox.misbehave({ fault: 'drop-keys' });

  const late = await sandbox.charge();

  expect([late.status, late.body.code]).toEqual(refused);
  expect(await sandbox.written()).toHaveLength(1);
});

test('holds after a restart', async () => {
  const before = await aSandbox();
  await fence(before);
  await before.close();

  const after = await aSandbox({ file: before.file });

  const late = await after.charge();
  expect([late.status, late.body.code]).toEqual(refused);
});

test('stops a call that was slow on its way', async () => {
  const sandbox = await aSandbox();
  await sandbox.misbehave({ fault: 'slow', delayMs: 300, match: { path: '/charges' } });
  const slow = sandbox.charge();
  await sandbox.struck();

  expect((await fence(sandbox)).body.data).toEqual([]);

  expect((await slow).body.code).toBe('reference-fenced');
});

test('wins or loses against 20 writes of one reference, never both', async () => {
  const sandbox = await aSandbox();
  await sandbox.misbehave({ fault: 'drop-keys' });

  const writes = Array.from({ length: 20 }, () => sandbox.charge());
  const { body } = await fence(sandbox);
  const statuses = (await Promise.all(writes)).map(({ status }) => status);

  const stood = body.data as unknown[];
  expect(statuses.filter((status) => status === 201)).toHaveLength(stood.length);
  expect(await sandbox.written()).toHaveLength(stood.length);
});

test.each([{}, { reference: 'a b' }, { reference: 1 }, { reference: 'op_one:1:1', all: true }, []])(
  'refuses to fence %o',
  async (body) => {
    const sandbox = await aSandbox();

    expect((await sandbox.send('POST', '/fences', body)).status).toBe(400);
  },
);
