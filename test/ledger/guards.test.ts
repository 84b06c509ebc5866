import { describe, expect, test } from 'vitest';
import { aBusyTenant } from './busy-tenant.js';
import { aWorld } from './world.js';

const here = aWorld();
const checkViolation = '23514';

describe('the constraints of the database', () => {
  const alice = "tenant = $1 and account_id = 'alice'";
  const hold = (state: string, change: string) =>
    `update ledger.hold set ${change} where tenant = $1 and state = '${state}'`;
  const operation = (state: string, change: string) =>
    `update ledger.operation set ${change} where tenant = $1 and state = '${state}'`;
  const entry = `
    insert into ledger.entry (account, version, tenant, trace, op, step, currency, posted_delta,
      held_delta, posted_after, held_after, recorded_at, happened_at, hash)
    select a.id, 1000 + n, a.tenant, a.trace, o.id, 'crooked',
           case n when 1 then 'EUR' else $CURRENCY end, case n when 1 then 5 else $DELTA end,
           0, 0, 0, now(), now(), ''
      from ledger.account a, ledger.operation o, generate_series(1, 2) n
     where a.tenant = $1 and a.account_id = 'alice' and o.tenant = $1 and o.state = 'IN_PROGRESS'`;
  const crooked = (currency: string, delta: string) =>
    entry.replace('$CURRENCY', `'${currency}'`).replace('$DELTA', delta);

  test.each([
    ['less available than nothing', `update ledger.account set posted = 29 where ${alice}`],
    ['more held than there is', `update ledger.account set held = 81 where ${alice}`],
    ['a negative hold', `update ledger.account set held = -1 where ${alice}`],
    ['a balance past 2^53', `update ledger.account set posted = 9007199254740992 where ${alice}`],
    ['slots of a customer', `update ledger.account set slots = 2 where ${alice}`],
    ['an unknown status', `update ledger.account set status = 'gone' where ${alice}`],
    ['more captured than held', hold('held', 'captured = 31')],
    ['captured and released at once', hold('held', 'captured = 20, released = 11')],
    ['a hold closed in part', hold('held', "state = 'captured', captured = 29")],
    ['a captured hold that reopens', hold('captured', "state = 'held', captured = 0")],
    [
      'a captured hold that is released',
      hold('captured', "state = 'released', released = 20, captured = 0"),
    ],
    ['a completed operation that fails', operation('COMPLETED', "state = 'FAILED'")],
    [
      'a completed operation that goes on',
      operation('COMPLETED', "state = 'IN_PROGRESS', outcome = null"),
    ],
    ['another outcome', operation('COMPLETED', "outcome = '{}'")],
    ['another command', operation('COMPLETED', "command = '{}'")],
    ['an end without an outcome', operation('IN_PROGRESS', "state = 'COMPLETED', phase = null")],
    ['an unknown phase', operation('IN_PROGRESS', "phase = 'lost'")],
    [
      'an entry that changes',
      'update ledger.entry set posted_delta = posted_delta where tenant = $1',
    ],
    ['an entry that goes', 'delete from ledger.entry where tenant = $1'],
    ['a step that changes', "update ledger.step set result = '{}' where tenant = $1"],
    ['a step that goes', 'delete from ledger.step where tenant = $1'],
    ['an audit line that changes', "update ledger.audit set actor = 'nobody' where tenant = $1"],
    ['an audit line that goes', 'delete from ledger.audit where tenant = $1'],
    ['entries that do not sum to zero', crooked('EUR', '-4')],
    ['entries of two currencies', crooked('USD', '-5')],
  ])('refuse %s, even to the owner', async (_, statement) => {
    const tenant = await aBusyTenant(here);
    const before = await tenant.everything();

    await expect(here.world.rows(statement, tenant.tenant)).rejects.toMatchObject({
      code: checkViolation,
    });

    expect(await tenant.everything()).toBe(before);
  });

  test('take entries that sum to zero', async () => {
    const tenant = await aBusyTenant(here);

    await expect(here.world.rows(crooked('EUR', '-5'), tenant.tenant)).resolves.toEqual([]);
  });

  const again = (table: string, columns = '*', where = 'true') =>
    `insert into ledger.${table} ${columns === '*' ? '' : `(${columns.replace('n + 1', 'n')})`}
     select ${columns} from ledger.${table} where tenant = $1 and ${where} limit 1`;

  test.each([
    ['a second hold of an operation', again('hold')],
    ['a second answer of a step', again('step')],
    ['a second entry of a version', again('entry', '*', 'posted_delta = 0')],
    [
      'a second event of a number',
      again('outbox', 'op, seq, tenant, trace, type, subject, data, at'),
    ],
    [
      'a second attempt with a key',
      again('attempt', 'op, step, n + 1, tenant, trace, key, sent_at'),
    ],
  ])('refuse %s', async (_, statement) => {
    const tenant = await aBusyTenant(here);

    await expect(here.world.rows(statement, tenant.tenant)).rejects.toMatchObject({
      code: '23505',
    });
  });
});
