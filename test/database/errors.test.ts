import { expect, test } from 'vitest';
import {
  classify,
  createDatabase,
  DatabaseBusy,
  DatabaseClosed,
  type DatabaseFault,
  DatabaseSilent,
} from '../../src/database/index.js';
import { aDatabase } from '../support/database.js';

const withCode = (code: string) => Object.assign(new Error(code), { code });

const byCode: readonly (readonly [string, DatabaseFault])[] = [
  ['40001', 'retryable'],
  ['40P01', 'retryable'],
  ['55P03', 'retryable'],
  ['57014', 'retryable'],
  ['57P01', 'retryable'],
  ['57P02', 'retryable'],
  ['08000', 'retryable'],
  ['08003', 'retryable'],
  ['08006', 'retryable'],
  ['CONNECTION_CLOSED', 'retryable'],
  ['CONNECTION_DESTROYED', 'retryable'],
  ['CONNECTION_ENDED', 'retryable'],
  ['ECONNRESET', 'retryable'],
  ['EPIPE', 'retryable'],
  ['53300', 'busy'],
  ['57P03', 'unavailable'],
  ['53100', 'unavailable'],
  ['53200', 'unavailable'],
  ['58030', 'unavailable'],
  ['25006', 'unavailable'],
  ['CONNECT_TIMEOUT', 'unavailable'],
  ['ECONNREFUSED', 'unavailable'],
  ['ENOTFOUND', 'unavailable'],
  ['ETIMEDOUT', 'unavailable'],
  ['08P01', 'bug'],
  ['23505', 'bug'],
  ['23514', 'bug'],
  ['28P01', 'bug'],
  ['3D000', 'bug'],
  ['42501', 'bug'],
  ['42P01', 'bug'],
  ['P0001', 'bug'],
  ['XX000', 'bug'],
  ['constructor', 'bug'],
];

test.each(byCode)('takes %s for %s', (code, fault) => {
  expect(classify(withCode(code))).toBe(fault);
  expect(classify(new Error('wrapped', { cause: withCode(code) }))).toBe(fault);
});

test('knows its own errors and takes any other for a bug', () => {
  expect(classify(new DatabaseBusy('busy'))).toBe('busy');
  expect(classify(new DatabaseSilent('silent'))).toBe('unavailable');
  expect(classify(new DatabaseClosed('closed'))).toBe('unavailable');
  expect(classify(new RangeError('a mistake'))).toBe('bug');
  expect(classify('no error at all')).toBe('bug');
  const loop = new Error('its own cause');
  loop.cause = loop;
  expect(classify(loop)).toBe('bug');
});

const real = await aDatabase();

test('sorts what a real server refuses', async () => {
  const { database, owner } = real;
  const faultOf = (answer: Promise<unknown>) =>
    answer.then(
      () => 'no fault',
      (error: unknown) => classify(error),
    );

  await owner`create table held (id int primary key)`;
  await owner`insert into held values (1)`;
  await owner`grant select, update on held to holdfast_worker`;
  await owner.begin(async (holder) => {
    await holder`select from held where id = 1 for update`;
    expect(await faultOf(database.sql`select from held where id = 1 for update`)).toBe('retryable');
  });
  expect(await faultOf(database.sql`select pg_sleep(60)`)).toBe('retryable');
  expect(await faultOf(database.sql`select 1 from nowhere`)).toBe('bug');
  expect(await faultOf(database.read((orm) => orm.execute('select 1 from nowhere')))).toBe('bug');
  expect(await faultOf(database.sql`select 1`)).toBe('no fault');
});

test('does not wait for an unknown user to become known, but does for a server', async () => {
  const tries: string[] = [];
  const connecting = async (url: string) => {
    const database = createDatabase({
      url,
      poolMax: 1,
      applicationName: 'test',
      connectRetries: 2,
      connectRetryMinMs: 1,
      connectRetryMaxMs: 2,
      onEvent: (event) => event.kind === 'connect-retry' && tries.push(`${event.waitMs} ms`),
    });
    try {
      await database.connect();
    } finally {
      await database.close(1000);
    }
  };
  const wrong = new URL(real.workerUrl);
  wrong.username = 'nobody_of_that_name';
  const nobody = new URL(real.workerUrl);
  nobody.port = '1';

  await expect(connecting(wrong.href)).rejects.toMatchObject({
    code: expect.stringMatching(/^28/),
  });
  expect(tries).toEqual([]);
  await expect(connecting(nobody.href)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(tries).toEqual(['1 ms', '2 ms']);
});
