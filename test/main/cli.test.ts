import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase } from '../../src/database/index.js';
import { openAccounts } from '../../src/main/demo-scenes.js';
import type { OperationBody } from '../../src/main/http-api.js';
import { commandLine } from '../support/command-line.js';
import { eventually } from '../support/eventually.js';
import { aStack, type TestStack } from '../support/stack.js';

let running: TestStack;
let token: string;

beforeAll(async () => {
  running = await aStack();
  await openAccounts(running.world);
  token = await running.stack.token('admin', 'demo', running.world.tenant);
}, 180_000);
afterAll(() => running.stop(), 60_000);

const holdfast = (args: readonly string[], url = running.stack.urls.gateway, as = token) =>
  commandLine(args, { url, token: as, cwd: running.stateDir });

const commands = [
  ...['pay', 'capture', 'method', 'cancel', 'refund', 'payout', 'ops', 'case'],
  ...['reconcile', 'breaker', 'events', 'balance', 'verify', 'notify'],
];
const aside = { poolMax: 1, applicationName: 'test-owner' };

test('says what it can do, with examples and exit codes', async () => {
  const { code, out } = await holdfast(['--help']);

  expect(code).toBe(0);
  for (const word of [...commands, 'Exit codes', 'Examples']) {
    expect(out).toContain(word);
  }
});

test.each([
  ['an unknown command', ['fly']],
  ['a missing argument', ['pay', 'alice']],
  ['an unknown option', ['balance', 'alice', '--fast']],
  ['a wait that is too long', ['pay', 'alice', '1', 'EUR', '--wait', '31']],
])('exits with 2 and the usage for %s', async (_, args) => {
  const { code, err } = await holdfast(args);

  expect(code).toBe(2);
  expect(err).toContain('Usage: holdfast');
});

test('pays, shows the operation and the balance after it', async () => {
  const paid = await holdfast(['pay', 'bob', '1250', 'EUR', '--key', 'cli-payment-1']);
  const balance = await holdfast(['balance', 'bob']);

  expect(paid.code).toBe(0);
  expect(paid.out).toMatch(/stands +settled \(COMPLETED\)\namount +12\.50 EUR\naccount +bob\n/);
  expect(paid.err).toBe('key cli-payment-1\n');
  expect(balance.out).toMatch(/available +287\.50 EUR\n/);
});

test('asks for another method, and for a second person, and says who refused', async () => {
  const paid = await holdfast(['pay', 'alice', '100', 'EUR', '--json']);
  const { opId } = JSON.parse(paid.out) as OperationBody;
  const second = await running.stack.token('operator', 'bob', running.world.tenant);
  const url = running.stack.urls.gateway;

  const method = await holdfast(['method', opId, 'balance']);
  const own = await holdfast(['ops', 'approve', opId, '--reason', 'I called']);
  const late = await holdfast(['ops', 'refuse', opId, '--reason', 'I called'], url, second);

  expect([method.code, own.code, late.code]).toEqual([1, 1, 1]);
  expect([method.err, own.err, late.err]).toEqual([
    expect.stringContaining('invalid-state'),
    expect.stringContaining('second-person-needed'),
    expect.stringContaining('invalid-state'),
  ]);
});

test('gives the same payment for the same key', async () => {
  const args = ['pay', 'alice', '500', 'EUR', '--key', 'cli-payment-2', '--json'];
  const [first, again] = [await holdfast(args), await holdfast(args)];

  const opIdOf = ({ out }: { out: string }) => (JSON.parse(out) as OperationBody).opId;
  expect([first.code, again.code]).toEqual([0, 0]);
  expect(opIdOf(again)).toBe(opIdOf(first));
});

test('exits with 1 for a payment that is refused, and says why', async () => {
  const { code, out } = await holdfast(['pay', 'carol', '999999', 'EUR']);

  expect(code).toBe(1);
  expect(out).toContain('insufficient-funds (FAILED)');
});

test('exits with 1 for a request that is wrong, and names its fields', async () => {
  const { code, out, err } = await holdfast(['pay', 'alice', '1.5', 'XXX']);

  expect(code).toBe(1);
  expect(out).toBe('');
  expect(err).toContain('amount: amount-invalid\n  currency: currency-invalid\n');
});

test('exits with 4 for a payment that it did not wait for', async () => {
  const args = ['pay', 'alice', '700', 'EUR', '--wait', '0', '--json'];
  await running.world.fault({ fault: 'slow', delayMs: 1_000, match: { amount: 700 } });
  const { code, out } = await holdfast(args);

  expect(code).toBe(4);
  expect((JSON.parse(out) as OperationBody).state).not.toBe('COMPLETED');
});

test('lists operations as a table and as JSON, by their filters', async () => {
  const filter = ['ops', 'list', '--account', 'bob', '--domain', 'Payment', '--count'];
  const [table, json] = [await holdfast(filter), await holdfast([...filter, '--json'])];

  const [heading, row, total] = table.out.split('\n');
  expect(heading).toMatch(/^operation +what +stands +amount +account +accepted$/);
  expect(row).toMatch(/^op_\w+ +PaymentRequested +settled +12\.50 EUR +bob /);
  expect(total).toBe('1 in all.');
  expect(JSON.parse(json.out)).toMatchObject({ data: [{ account: 'bob' }], totalCount: 1 });
});

test('shows one operation, and exits with 1 for one that is not there', async () => {
  const { out } = await holdfast(['ops', 'list', '--account', 'bob', '--limit', '1', '--json']);
  const [{ opId }] = (JSON.parse(out) as { data: [OperationBody] }).data;

  const [shown, missing] = [
    await holdfast(['ops', 'show', opId]),
    await holdfast(['ops', 'show', opId.split('').toReversed().join('')]),
  ];

  expect(shown.out).toContain(opId);
  expect(missing).toMatchObject({ code: 1, out: '' });
  expect(missing.err).toContain('operation-unknown');
});

test('gives a transfer back, shows its history, and is too late to cancel it', async () => {
  const transfer = ['pay', 'alice', '300', 'EUR', '--to', 'bob', '--method', 'balance', '--json'];
  const { opId } = JSON.parse((await holdfast(transfer)).out) as OperationBody;

  const refunded = await holdfast(['refund', opId, '100', '--key', 'cli-refund-1']);
  const history = await holdfast(['ops', 'history', opId]);
  const late = [await holdfast(['cancel', opId]), await holdfast(['capture', opId, '1'])];

  expect(refunded).toMatchObject({ code: 0, err: 'key cli-refund-1\n' });
  expect(refunded.out).toMatch(/stands +settled \(COMPLETED\)\namount +1\.00 EUR\n/);
  expect(history.out).toMatch(/ reserve +held +3\.00 EUR .*\n.* settle +settled +3\.00 EUR/);
  expect(late.map(({ code }) => code)).toEqual([1, 1]);
  for (const { err } of late) expect(err).toContain('(invalid-state)');
});

test('exits with 1 for a payout to no place', async () => {
  const { code, err } = await holdfast(['payout', 'bob', '1', 'EUR', '4111111111111111']);

  expect(code).toBe(1);
  expect(err).toContain('destination: text-invalid');
});

test('verifies the ledger: exits with 0 when all holds, and with 1 and why when not', async () => {
  const whole = await holdfast(['verify']);
  const owner = createDatabase({ ...aside, url: running.stack.ownerUrl });
  await owner.sql`update ledger.account set posted = posted + 1 where account_id = 'carol'`;
  const broken = await holdfast(['verify']);
  const asJson = await holdfast(['verify', '--json']);
  await owner.sql`update ledger.account set posted = posted - 1 where account_id = 'carol'`;
  await owner.close(1_000);

  expect(whole).toMatchObject({ code: 0, err: '' });
  expect(whole.out).toMatch(/^(\d+) of \1 invariants hold\.\n/);
  expect(whole.out).toMatch(/EUR( +[\d,.]+ EUR){6} +0\.00 EUR( +[\d,.]+ EUR){2}\n/);
  expect(broken.code).toBe(1);
  expect(broken.out).toMatch(/^accounts-sum-to-zero: 1 times\. Should hold: The accounts of /);
  expect(asJson.code).toBe(1);
  expect(JSON.parse(asJson.out)).toMatchObject({ money: [{ currency: 'EUR', drift: 1 }] });
});

test('lists and shows a case, and two people release it', async () => {
  const { world, stack } = running;
  await world.fault({ fault: 'wrong-amount', times: 1, match: { method: 'POST', amount: 777 } });
  await holdfast(['pay', 'alice', '777', 'EUR', '--wait', '0']);
  const id = await eventually(async () => {
    const { out } = await holdfast(['case', 'list', '--state', 'open', '--json']);
    const [found] = (JSON.parse(out) as { data: { id: string }[] }).data;
    if (found === undefined) throw new Error(out);
    return found.id;
  });
  const other = await stack.token('operator', 'bob', world.tenant);
  const release = ['case', 'release', id, '--reason', 'never charged'];

  const list = await holdfast(['case', 'list', '--state', 'open']);
  const [once, again] = [await holdfast(release), await holdfast(release)];
  const second = await holdfast(release, undefined, other);

  expect(list.out).toMatch(/^case +kind +stands +at risk +operation +reason\ncase_/);
  expect(once.out).toMatch(/at risk +7\.77 EUR\n[^]*approved +release by demo: never charged\n/);
  expect([once.code, again.code, second.code]).toEqual([0, 1, 0]);
  expect(again.err).toContain('second-person-required');
  await eventually(async () => {
    const { out } = await holdfast(['case', 'show', id]);
    if (!/ended by +demo, bob \(released-by-hand\)/.test(out)) throw new Error(out);
  });
});

test('lists what does not agree until it is accepted, and sweeps now', async () => {
  const { provider } = running.stack.urls;
  const reference = 'op_stranger:charge.1:1';
  const body = JSON.stringify({ reference, amount: 888, currency: 'EUR', capture: true });
  const headers = { 'content-type': 'application/json', 'idempotency-key': reference };
  await fetch(`${provider}/charges`, { method: 'POST', headers, body });
  const swept = await holdfast(['reconcile', '--sweep']);
  const id = await eventually(async () => {
    const { out } = await holdfast(['reconcile', '--json']);
    const { data } = JSON.parse(out) as { data: { id: string; reference: string }[] };
    const found = data.find((one) => one.reference === reference);
    if (found === undefined) throw new Error(out);
    return found.id;
  });

  const list = await holdfast(['reconcile']);
  const accepted = await holdfast(['reconcile', '--accept', id, '--reason', 'made by hand']);
  const again = await holdfast(['reconcile', '--accept', id, '--reason', 'made by hand']);

  expect(swept).toMatchObject({ code: 0 });
  expect(list.out).toMatch(/^finding_.* unknown-charge +open +op_stranger/m);
  expect([list.code, accepted.code, again.code]).toEqual([1, 0, 1]);
  expect(again.err).toContain('invalid-state');
});

test('lists events that a sink did not take until they are delivered again', async () => {
  const owner = createDatabase({ ...aside, url: running.stack.ownerUrl });
  await owner.sql`
    insert into ledger.delivery
           (sink, event, op, seq, tenant, trace, attempts, next_attempt_at, reason, dead_at)
    select 'log', id, op, seq, tenant, trace, 1, now(), 'gone', now() from ledger.outbox
     where tenant = ${running.world.tenant} and published_at is not null order by id limit 1`;
  await owner.close(1_000);

  const dead = await holdfast(['events', 'dead', '--sink', 'log']);
  const again = await holdfast(['events', 'redeliver', 'log', '--reason', 'it is back']);

  expect(dead.out).toMatch(/^event +type .*\nop_\w+\.1 +account\.opened +log +1 .* gone\n$/);
  expect(again).toMatchObject({ code: 0, out: '1 will be delivered again\n' });
  expect((await holdfast(['events', 'dead'])).out).not.toContain('op_');
});

test('isolates a provider, and lists it so until it is reset', async () => {
  const reason = ['--reason', 'an outage'];

  const isolated = await holdfast(['breaker', 'isolate', 'stripe', ...reason]);
  const list = await holdfast(['breaker', 'list']);
  const reset = await holdfast(['breaker', 'reset', 'stripe', ...reason, '--json']);
  const unknown = await holdfast(['breaker', 'isolate', 'nobody', ...reason]);

  expect([isolated.code, list.code, reset.code, unknown.code]).toEqual([0, 0, 0, 1]);
  expect(list.out).toMatch(/^stripe +isolated +.*demo +.* +an outage$/m);
  expect(JSON.parse(reset.out)).toMatchObject({ provider: 'stripe', mode: 'closed' });
  expect(unknown.err).toContain('provider-unknown');
});

test.each([
  ['without a reason', ['case', 'release', 'case_1']],
  ['that is not there', ['case', 'burn', 'case_1', '--reason', 'why not']],
])('refuses an action on a case %s, with the usage', async (_, args) => {
  const { code, err } = await holdfast(args);

  expect(code).toBe(2);
  expect(err).toContain('Usage: holdfast case');
});

test('exits with 3 when nobody answers', async () => {
  const { code, err } = await holdfast(['balance', 'alice'], 'http://127.0.0.1:9');

  expect(code).toBe(3);
  expect(err).toContain('http://127.0.0.1:9');
});

test('tells somebody something, and says by which channel', async () => {
  const recipient = { locale: 'en', timeZone: 'UTC', addresses: { email: 'bob@example.com' } };
  await fetch(`${running.stack.urls.gateway}/v1/recipients/bob`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(recipient),
  });

  const told = await holdfast([
    ...['notify', 'bob', '--data', 'subject=Hello', '--data', 'text=1 + 1 = 2'],
    ...['--on', 'sms,email'],
  ]);
  const nobody = await holdfast(['notify', 'nobody', '--data', 'subject=a', '--data', 'text=b']);
  const help = await holdfast(['notify', '--help']);

  expect(told.out).toMatch(/what +Notification NotificationSent\nstands +sent \(COMPLETED\)\n/);
  expect(told.out).toMatch(/channel +email\n/);
  expect([told.code, nobody.code, help.code]).toEqual([0, 1, 0]);
  expect(nobody.err).toContain('(recipient-unknown)');
  expect(help.out).toContain('Examples');
});
