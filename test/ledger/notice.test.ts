import { describe, expect, test } from 'vitest';
import { aNoticeDesk, by, keptAt, settings } from './a-notice.js';
import { aWorld } from './world.js';

const here = aWorld();
const notices = aNoticeDesk(here);
const refusal = { kind: 'fail', code: 'notice-refused', message: 'refused' } as const;
const unknown = { kind: 'unknown', reason: 'no-answer', askAgainAfterMs: 0 } as const;

describe('quiet hours', () => {
  const night = ['22:00', '07:00'] as const;
  const noon = ['12:00', '13:30'] as const;

  test.each([
    ['by day', '2026-06-01T10:00:00Z', 'Europe/Vienna', night, '2026-06-01T10:00:00Z'],
    ['in the evening', '2026-06-01T21:30:00Z', 'Europe/Vienna', night, '2026-06-02T05:00:00Z'],
    ['after midnight', '2026-06-02T00:30:00Z', 'Europe/Vienna', night, '2026-06-02T05:00:00Z'],
    [
      'at their first minute',
      '2026-06-01T20:00:00Z',
      'Europe/Vienna',
      night,
      '2026-06-02T05:00:00Z',
    ],
    ['at their end', '2026-06-02T05:00:00Z', 'Europe/Vienna', night, '2026-06-02T05:00:00Z'],
    ['at noon', '2026-06-01T10:15:00Z', 'Europe/Vienna', noon, '2026-06-01T11:30:00Z'],
    ['elsewhere', '2026-06-01T13:00:00Z', 'Asia/Tokyo', night, '2026-06-01T22:00:00Z'],
    // The clock is put on at 01:00Z: the night is an hour shorter than it looks.
    ['in March', '2026-03-28T22:30:00Z', 'Europe/Vienna', night, '2026-03-29T05:00:00Z'],
    // And back: an hour longer.
    ['in October', '2026-10-24T21:30:00Z', 'Europe/Vienna', night, '2026-10-25T06:00:00Z'],
    // Half past two does not come on that day.
    [
      'that end in no time',
      '2026-03-29T00:15:00Z',
      'Europe/Vienna',
      ['22:00', '02:30'],
      '2026-03-29T01:30:00Z',
    ],
    // And twice on this one: they end with the second.
    [
      'that end twice',
      '2026-10-24T23:15:00Z',
      'Europe/Vienna',
      ['22:00', '02:30'],
      '2026-10-25T01:30:00Z',
    ],
  ] as const)('%s', async (_, at, zone, [from, to], ends) => {
    const [row] = await here.world.rows<{ ends: Date }>(
      'select ledger.quiet_ends($1::timestamptz, $2, $3::time, $4::time)::text as ends',
      ...[at, zone, from, to],
    );

    expect(new Date(String(row?.ends)).toISOString()).toBe(new Date(ends).toISOString());
  });

  test('let a notice wait, and not one that is urgent', async () => {
    const tenant = here.aTenant();
    const now = new Date();
    // All day long but for a minute that is past, or that is 12 hours away.
    const hour = (now.getUTCHours() + 12) % 24;
    const quietHours = { from: `${pad(hour)}:01`, to: `${pad(hour)}:00` };
    const { recipient } = await notices.aRecipient(tenant, { timeZone: 'UTC', quietHours });
    const accept = (payload = {}) =>
      here.world.ledger.acceptNotice(tenant.notice(payload), recipient, 20);

    const [waits, urgent] = [await accept(), await accept({ urgent: true })];

    expect(waits).toMatchObject({ kind: 'accepted', beginAt: expect.any(Number) });
    expect(Number('beginAt' in waits && waits.beginAt)).toBeGreaterThan(now.getTime());
    expect(urgent).not.toHaveProperty('beginAt');
  });
});

const pad = (hour: number) => String(hour).padStart(2, '0');

describe('a notice', () => {
  test('is accepted once, however often it is asked for', async () => {
    const tenant = here.aTenant();
    const { recipient } = await notices.aRecipient(tenant);
    const envelope = tenant.notice();
    const accept = () => here.world.ledger.acceptNotice(envelope, recipient, 20);

    const answers = await Promise.all([accept(), accept(), accept(), accept()]);

    for (const answer of answers) expect(answer).toMatchObject({ kind: 'accepted' });
    expect(
      await here.world.rows('select from ledger.notice where tenant = $1', tenant.tenant),
    ).toHaveLength(1);
  });

  test('is refused for whom nobody registered', async () => {
    const tenant = here.aTenant();
    const other = here.aTenant();
    const { recipient } = await notices.aRecipient(other);

    const answer = await here.world.ledger.acceptNotice(tenant.notice(), recipient, 20);

    expect(answer).toMatchObject({ kind: 'fail', code: 'recipient-unknown' });
    expect(await tenant.violations()).toEqual([]);
  });

  test('is one of so many an hour, also of those at once', async () => {
    const tenant = here.aTenant();
    const { recipient } = await notices.aRecipient(tenant);
    const spared = await notices.aRecipient(tenant);
    const accept = (to: string) => here.world.ledger.acceptNotice(tenant.notice(), to, 5);

    const answers = await Promise.all(Array.from({ length: 12 }, () => accept(recipient)));
    const other = await accept(spared.recipient);
    await here.world.rows(
      `update ledger.notice set accepted_at = accepted_at - interval '1 hour' where tenant = $1`,
      tenant.tenant,
    );

    const refused = answers.filter(({ kind }) => kind === 'fail');
    expect(refused).toHaveLength(7);
    expect(refused[0]).toMatchObject({ code: 'recipient-limit' });
    expect(other).toMatchObject({ kind: 'accepted' });
    expect(await accept(recipient)).toMatchObject({ kind: 'accepted' });
    expect(await tenant.violations()).toEqual([]);
  });

  test('ends with the delivery that was taken, and with no other answer after that', async () => {
    const tenant = here.aTenant();
    const { recipient } = await notices.aRecipient(tenant);
    const { ledger } = here.world;
    const { opId, deliveryId } = await notices.begun(tenant, recipient);
    const end = { kind: 'sent', deliveryId, providerId: '4242424242424242' } as const;

    const first = await ledger.finishNotice(opId, end);
    const again = await ledger.finishNotice(opId, end);
    const other = await ledger.finishNotice(opId, refusal);

    expect(first).toMatchObject({ kind: 'sent', channel: 'sms', deliveryId });
    expect([again, other]).toEqual([
      { ...first, replayed: true },
      { ...first, replayed: true },
    ]);
    expect(await ledger.recordDelivery(opId, deliveryId, refusal)).toMatchObject({
      kind: 'conflict',
    });
    expect(await tenant.violations()).toEqual([]);
  });

  test('does not end with a delivery that nobody began', async () => {
    const tenant = here.aTenant();
    const { recipient } = await notices.aRecipient(tenant);
    const { opId } = await notices.begun(tenant, recipient);
    const deliveryId = `${opId}:push.1:1`;

    const answer = await here.world.ledger.finishNotice(opId, { kind: 'sent', deliveryId });

    expect(answer).toEqual({ kind: 'conflict', reason: 'delivery-not-open' });
    expect(await tenant.violations()).toEqual([]);
  });
});

describe('a delivery', () => {
  test('has one id, whose other run is told how the first left it', async () => {
    const tenant = here.aTenant();
    const { recipient } = await notices.aRecipient(tenant);
    const { ledger } = here.world;
    const { opId, deliveryId } = await notices.begun(tenant, recipient);

    const same = await ledger.beginDelivery(opId, 'sms', 1, 'run-1');
    await ledger.recordDelivery(opId, deliveryId, unknown);
    const other = await ledger.beginDelivery(opId, 'sms', 1, 'run-2');

    expect(deliveryId).toBe(`${opId}:sms.1:1`);
    expect(same).toMatchObject({ kind: 'begun', deliveryId });
    expect(same).not.toHaveProperty('state');
    expect(other).toMatchObject({ kind: 'begun', deliveryId, state: 'unknown' });
  });

  test('is skipped where there is no address, or one that refused everything', async () => {
    const tenant = here.aTenant();
    const { recipient } = await notices.aRecipient(tenant);
    const { ledger } = here.world;
    const { opId, deliveryId } = await notices.begun(tenant, recipient);
    const dead = { ...refusal, code: 'address-refused' } as const;
    await ledger.recordDelivery(opId, deliveryId, dead);

    const again = await ledger.beginDelivery(opId, 'sms', 2, 'run-1');
    const never = await ledger.beginDelivery(opId, 'email', 1, 'run-1');

    expect(again).toMatchObject({ kind: 'skipped', reason: 'address-refused' });
    expect(never).toMatchObject({ kind: 'skipped', reason: 'no-address' });
    expect(await tenant.violations()).toEqual([]);
  });

  test('goes where it was begun for, whatever address takes that place', async () => {
    const tenant = here.aTenant();
    const { recipient, key } = await notices.aRecipient(tenant);
    const { opId } = await notices.begun(tenant, recipient);
    const before = await notices.desk.deliveries(opId);

    await notices.desk.put(key, by, settings, [keptAt('sms', 'another')]);

    expect(await notices.desk.deliveries(opId)).toEqual(before);
    expect(await notices.desk.find(key)).toMatchObject({
      version: 2,
      addresses: [{ channel: 'sms', masked: '***er', refused: false }],
    });
  });

  test('is told of later, by the channel, and a refusal of all stays one', async () => {
    const tenant = here.aTenant();
    const { recipient, key } = await notices.aRecipient(tenant, {}, ['sms']);
    const { opId, deliveryId } = await notices.begun(tenant, recipient);
    await here.world.ledger.finishNotice(opId, { kind: 'sent', deliveryId });
    const { desk } = notices;

    const told = await desk.report(deliveryId, 'address-refused', '21610');
    await desk.report(deliveryId, 'delivered', undefined);

    expect(told).toBe(opId);
    expect(await desk.report('op_nobody:sms.1:1', 'delivered', undefined)).toBeUndefined();
    expect(await desk.deliveries(opId)).toMatchObject([{ report: 'address-refused' }]);
    expect(await desk.find(key)).toMatchObject({ addresses: [{ refused: true }] });
    expect(await tenant.violations()).toEqual([]);
  });
});

describe('a recipient', () => {
  test('keeps what is known of an address that is given again', async () => {
    const tenant = here.aTenant();
    const key = { tenant: tenant.tenant, id: 'rcp_1' };
    const { desk } = notices;
    await desk.put(key, by, settings, [keptAt('sms', 'dead'), keptAt('push', 'device')]);
    await here.world.rows(
      `update ledger.recipient_address set refused_at = now()
        where tenant = $1 and digest = 'dead'`,
      tenant.tenant,
    );

    await desk.put(key, by, settings, [keptAt('sms', 'dead')]);
    const kept = await desk.find(key);
    await desk.put(key, by, settings, [keptAt('sms', 'alive')]);

    expect(kept?.addresses).toEqual([{ channel: 'sms', masked: '***ad', refused: true }]);
    expect((await desk.find(key))?.addresses).toMatchObject([{ refused: false }]);
  });

  test('of somebody else is as one that is not there', async () => {
    const tenant = here.aTenant();
    const { key } = await notices.aRecipient(tenant, { owner: 'bob' });
    const { desk } = notices;

    const answer = await desk.put({ ...key, owner: 'eve' }, by, { ...settings, owner: 'eve' }, []);

    expect(answer).toMatchObject({ kind: 'fail', code: 'recipient-unknown' });
    expect(await desk.find({ ...key, owner: 'eve' })).toBeUndefined();
    expect(await desk.find({ ...key, owner: 'bob' })).toMatchObject({ owner: 'bob', version: 1 });
  });

  // PostgreSQL would take all but the first, hours to the wrong side.
  test.each(['Moon/Tycho', 'UTC+2', 'Moon/Tycho-3'])('lives not in %s', async (timeZone) => {
    const { tenant } = here.aTenant();
    const asked = { ...settings, timeZone };

    const answer = await notices.desk.put({ tenant, id: 'rcp_1' }, by, asked, []);

    expect(answer).toMatchObject({ kind: 'fail', code: 'time-zone-unknown' });
  });
});
