import { expect, test } from 'vitest';
import { uploadsOf } from './an-upload.js';
import { tamper } from './tamper.js';
import { tamperedUploads } from './upload-tampers.js';
import { aWorld, type Tenant } from './world.js';

const here = aWorld();
const file = { account: 'alice', amount: 100 };

/** With a file of each sort: on its way, aborted, published, of a shared object, deleted. */
async function aTenant(): Promise<Tenant> {
  const tenant = here.aTenant();
  const { ledger } = here.world;
  await tenant.open('alice', { funds: 1_000, currency: 'BYTE' });
  const { claimed, verified, committed, record, proofOf } = uploadsOf(here.world, tenant);
  await record(await claimed(file), 0, 40);
  await ledger.abortUpload(await verified(file), { kind: 'withdrawn' });
  const [first, twin] = [await committed(file), await verified(file)];
  const { objectKey } = proofOf(first);
  await ledger.commitUpload(twin.opId, { ...proofOf(twin), objectKey, twin: first.opId });
  await ledger.deleteFile(tenant.deletion(await committed(file)));
  return tenant;
}

test('the invariants hold for a tenant with uploads of every sort', async () => {
  expect(await (await aTenant()).violations()).toEqual([]);
});

test.each(tamperedUploads)('%s: is seen broken', async (name, breaking) => {
  const tenant = await aTenant();

  await tamper(here.world, tenant, breaking);

  expect(await tenant.violations()).toContain(name);
});
