import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import { closedBreaker } from '../../src/domain/index.js';
import { createBreakerStore } from '../../src/ledger/index.js';
import { breakersByHand } from '../support/breakers.js';

const here = breakersByHand();

describe('the rows of a breaker', () => {
  let reader: Database;
  beforeAll(() => {
    const { readerUrl } = here.test();
    reader = createDatabase({ url: readerUrl, poolMax: 1, applicationName: 'test-reader' });
  });
  afterAll(() => reader.close(1_000));
  const change = { epoch: 0, state: closedBreaker, event: null, actor: 'reader' };

  test('are read and turned by both roles, for the store of files has both', async () => {
    const shared = here.aSharedProvider();
    await shared.worker().tell('F');
    const store = createBreakerStore(reader);

    expect(await store.read(shared.provider)).toMatchObject({ epoch: 1 });
    expect(await store.write(shared.provider, change)).toMatchObject({ won: false, epoch: 1 });
    expect(await store.write(shared.provider, { ...change, epoch: 1 })).toMatchObject({
      won: true,
    });
  });

  test.each([
    ['breaker.closed', 'a reason'],
    ['breaker.isolated', ''],
  ])('are not turned by a person to %s because of "%s"', async (event, reason) => {
    const { provider } = here.aSharedProvider();
    const verb = 'ledger.operate_breaker_v1';

    const turned = reader.call(verb, provider, closedBreaker, event, 'olga', reason);

    await expect(turned).rejects.toMatchObject({ code: '22023' });
  });

  test.each([
    ['insert into', 'breaker default values'],
    ['update', 'breaker set epoch = 1'],
    ['delete from', 'breaker'],
    ['insert into', 'breaker_event default values'],
    ['update', "breaker_event set type = 'breaker.reset'"],
    ['delete from', 'breaker_event'],
  ])('are not written past the verbs by %s %s', async (way, what) => {
    const text = [`${way} ledger.${what}`] as unknown as TemplateStringsArray;

    for (const role of [here.test().database, reader]) {
      await expect(role.sql(text)).rejects.toMatchObject({ code: '42501' });
    }
  });

  test('keep every event, even against their owner', async () => {
    const shared = here.aSharedProvider();
    await shared.worker().tell('FFF');
    const { owner } = here.test();

    const name = shared.provider;
    const gone = owner`delete from ledger.breaker_event where provider = ${name}`.execute();

    await expect(gone).rejects.toMatchObject({ code: '23514' });
    expect(await shared.events()).toEqual(['breaker.opened']);
  });

  test('take no state that is none', async () => {
    const { provider } = here.aSharedProvider();
    const broken = { ...change, state: { mode: 'ajar' } as never };

    await expect(here.store().write(provider, broken)).rejects.toMatchObject({ code: '23514' });
  });
});
