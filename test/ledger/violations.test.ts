import { describe, expect, test } from 'vitest';
import { aBusyTenant } from './busy-tenant.js';
import { aWorld } from './world.js';

const here = aWorld();

const set = (table: string, change: string, where = 'true') =>
  `update ledger.${table} set ${change} where tenant = $1 and ${where}`;

describe('the rules of these tests', () => {
  test.each([
    ['a balance is the sum of its entries', set('account', 'posted = posted + 1')],
    [
      'entries are gap-free and carry the running balance',
      'delete from ledger.entry where tenant = $1 and version = 2',
    ],
    [
      'entries are recorded in the order of their versions',
      set('entry', "recorded_at = recorded_at - interval '1 day'", 'version = 2'),
    ],
    ['what is held is the sum of the open holds', set('account', 'held = held + 1')],
    [
      'nobody has less available than the overdraft allows',
      set('account', "slots = 2, kind = 'merchant', posted = -1", "kind = 'customer'"),
    ],
    [
      'a hold is open exactly while its operation is',
      set('hold', "state = 'released', released = amount", "state = 'held'"),
    ],
    [
      'a captured hold is a settled operation',
      set('hold', "state = 'released', released = amount, captured = 0", "state = 'captured'"),
    ],
    [
      'a completed operation moved what it says, a failed one nothing',
      set('operation', 'outcome = outcome || \'{"minor": 1}\'', "domain = 'Payment'"),
    ],
    [
      'a payment taken at once moved its amount',
      set('operation', 'amount = 1', "state = 'COMPLETED'"),
    ],
    [
      'no more is on its way back than was captured',
      set(
        'hold',
        "parent = (select op from ledger.hold where tenant = $1 and state = 'captured')",
        "state = 'held'",
      ),
    ],
    [
      'an operation is never settled and released',
      `insert into ledger.step select op, 'release', tenant, trace, result, at from ledger.step
        where tenant = $1 and step = 'settle'`,
    ],
    [
      'events are numbered without a gap',
      'delete from ledger.outbox where tenant = $1 and seq = 1',
    ],
    ['each step has its audit line', 'delete from ledger.audit where tenant = $1'],
    [
      'what a second person said is of another person, and has its audit line',
      `insert into ledger.approval select id, tenant, trace, 'approved', 'bob', 'bob', accepted_at
         from ledger.operation where tenant = $1 limit 1`,
    ],
    ['rows carry the tenant and the trace of their operation', set('outbox', "trace = ''")],
    ['the accounts of a tenant sum to zero', set('account', 'posted = 1', "kind = 'merchant'")],
    ['a step sums to zero, in one currency', set('entry', 'posted_delta = 7', "step = 'settle'")],
    ['the ledger agrees with its own check', set('account', 'version = version + 1')],
  ])('see that %s', async (rule, breaking) => {
    const tenant = await aBusyTenant(here);
    expect(await tenant.violations()).toEqual([]);

    // Without triggers and keys: what no verb could do.
    await here.world.rows(
      `do $do$ begin
         set local session_replication_role = replica;
         ${breaking.replaceAll('$1', `'${tenant.tenant}'`)};
       end $do$`,
    );

    expect((await tenant.violations()).join()).toContain(rule);
  });
});
