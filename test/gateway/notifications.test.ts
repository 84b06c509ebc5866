import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { aGateway, type Answer, type Sent, type TestGateway } from './a-gateway.js';
import { keyed, wait } from './a-shop.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await aGateway();
  await gateway.world.work();
});
afterAll(() => gateway.stop());

const data = { subject: 'Hello', text: 'A word' };
const whole = { channels: ['sms', 'push'], template: 'plain', data };

/** Tells somebody something, and waits for the end. */
const tell = (body: object, sent: Sent = {}): Promise<Answer> =>
  gateway.send('POST', '/v1/notifications', {
    body: { ...whole, ...body },
    ...sent,
    headers: { ...keyed(), ...wait, ...sent.headers },
  });

const settings = { locale: 'en', timeZone: 'Europe/Vienna' };
const addresses = { sms: '+436641234567', email: 'Ada@Example.com', push: 'p'.repeat(40) };
const put = (id: string, body: object = {}, sent: Sent = {}): Promise<Answer> =>
  gateway.send('PUT', `/v1/recipients/${id}`, {
    body: { ...settings, addresses, ...body },
    ...sent,
  });
const anId = () => `rcp_${nanoid(8).replaceAll(/[-_]/g, 'x')}`;

describe('a notice', () => {
  test.each(['merchant', 'operator', 'admin'] as const)('is sent for the %s', async (as) => {
    const recipient = await gateway.world.post.recipient();

    const { status, headers, body } = await tell({ recipient, bizKey: 'order-7' }, { as });

    const deliveryId = `${body.opId}:sms.1:1`;
    expect([status, body.state, body['domain']]).toEqual([200, 'COMPLETED', 'Notification']);
    expect(body).toMatchObject({ bizKey: 'order-7', outcome: { channel: 'sms', deliveryId } });
    expect(headers.get('location')).toBe(body.links.self);
    expect(gateway.world.post.mailbox.shown(body.opId)).toEqual([deliveryId]);
  });

  test('shows its deliveries, with no address but masked', async () => {
    const recipient = await gateway.world.post.recipient({ addresses });
    gateway.world.post.bend(recipient, 'sms', 'fail');
    const { body } = await tell({ recipient });

    const shown = await gateway.send('GET', body.links.self);

    expect(shown.body['notice']).toEqual({
      channel: 'push',
      deliveries: [
        expect.objectContaining({ channel: 'sms', state: 'failed', to: '***67' }),
        expect.objectContaining({ channel: 'push', state: 'sent', to: '***pp' }),
      ],
    });
    for (const secret of [addresses.sms, addresses.push]) {
      expect(shown.text).not.toContain(secret);
      expect(JSON.stringify(gateway.lines)).not.toContain(secret);
    }
  });

  test('under the same key is one notice, and names what differs from it', async () => {
    const recipient = await gateway.world.post.recipient();
    const headers = keyed();
    const first = await tell({ recipient }, { headers });

    const again = await tell({ recipient }, { headers });
    const other = await tell({ recipient, data: { ...data, text: 'Another' } }, { headers });

    expect([again.status, again.body.opId]).toEqual([200, first.body.opId]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
    expect(other.body['differs']).toEqual(['data']);
    expect(gateway.world.post.mailbox.shown(first.body.opId)).toHaveLength(1);
  });

  test('is one too many after so many in an hour, and a replay is not', async () => {
    const recipient = await gateway.world.post.recipient();
    const headers = keyed();
    await tell({ recipient }, { headers });
    await Promise.all(Array.from({ length: 19 }, () => tell({ recipient })));

    const more = await tell({ recipient });
    const again = await tell({ recipient }, { headers });

    expect([more.status, more.body.code]).toEqual([429, 'recipient-limit']);
    expect(Number(more.headers.get('retry-after'))).toBeGreaterThan(0);
    expect([again.status, again.body.state]).toEqual([200, 'COMPLETED']);
  });

  test('that no channel took is a case, which one person gives up or has sent again', async () => {
    const { post } = gateway.world;
    const parked = async () => {
      const recipient = await post.recipient();
      post.bend(recipient, 'sms', 'fail');
      const { body } = await tell({ recipient, channels: ['sms'] }, { headers: { prefer: '' } });
      const id = await eventually(async () => {
        const cases = await gateway.send('GET', '/v1/cases?state=open', { as: 'operator' });
        const found = cases.body.data.find((one) => one.opId === body.opId);
        if (found === undefined) throw new Error('no case yet');
        return found.id;
      });
      return { id, opId: body.opId };
    };
    const act = ({ id }: { readonly id: string }, action: string) =>
      eventually(async () => {
        const body = { reason: 'I rang them up' };
        const sent = { as: 'operator', body } as const;
        const answer = await gateway.send('POST', `/v1/cases/${id}/${action}`, sent);
        expect(answer.status).toBe(202);
      });
    const [lost, mended] = [await parked(), await parked()];

    await act(lost, 'accept');
    await act(mended, 'retry');

    const { client } = gateway.world;
    expect(await client.result(lost.opId)).toMatchObject({ code: 'undeliverable' });
    expect(await client.result(mended.opId)).toMatchObject({ kind: 'sent' });
    expect(post.mailbox.shown(mended.opId)).toEqual([`${mended.opId}:sms.1:2`]);
    expect(await gateway.world.disagreeing()).toEqual([]);
  });
});

describe('a notice that is refused leaves no row and no workflow:', () => {
  const line = 'Hello\r\nBcc: eve@example.com';

  test.each<readonly [string, object, number, string]>([
    ['nobody known', { recipient: 'rcp_nobody' }, 404, 'recipient-unknown'],
    ['a list of recipients', { recipient: Array(100).fill('rcp_1') }, 422, 'text-invalid'],
    ['ten thousand of them', { recipient: Array(10_000).fill('rcp_1') }, 413, 'body-too-large'],
    ['an address', { recipient: 'ada@example.com' }, 422, 'text-invalid'],
    ['no channel', { channels: [] }, 422, 'field-invalid'],
    ['a channel twice', { channels: ['sms', 'sms'] }, 422, 'field-invalid'],
    ['a fax', { channels: ['fax'] }, 422, 'field-invalid'],
    ['no template of ours', { template: 'phishing' }, 422, 'field-invalid'],
    ['data that is missing', { data: { subject: 'Hello' } }, 422, 'field-required'],
    ['data that nobody asked for', { data: { ...data, html: '<b>' } }, 422, 'unknown-field'],
    ['a header in the subject', { data: { ...data, subject: line } }, 422, 'text-invalid'],
    ['a number for a text', { data: { ...data, text: 1 } }, 422, 'text-invalid'],
    ['a policy that is none', { onUnknown: 'twice' }, 422, 'field-invalid'],
    ['a language that is none', { locale: 'de_AT.UTF-8' }, 422, 'text-invalid'],
    ['a body of its own', { body: 'x' }, 422, 'unknown-field'],
  ])('%s', async (_, change, status, code) => {
    const recipient = await gateway.world.post.recipient();
    const before = await gateway.operations();

    const answer = await tell({ recipient, ...change });

    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await gateway.operations()).toBe(before);
  });

  test('what is data stays data, encoded where it must be', async () => {
    const recipient = await gateway.world.post.recipient();
    const text = '{{secret}} <script>alert(1)</script>';

    const { body } = await tell({ recipient, data: { ...data, text } });

    const [sent] = gateway.world.post.mailbox.sends(body.opId);
    expect(sent?.text).toBe(text);
    expect(sent?.html).toContain('&lt;script&gt;');
    expect(sent?.html).not.toContain('<script>');
  });

  test.each(['customer', 'merchant'] as const)("a %s's of somebody else", async (as) => {
    const { post } = gateway.world;
    const recipient = await post.recipient({ owner: 'bob' });

    const theirs = await tell({ recipient }, { as, sub: 'bob' });
    const others = await tell({ recipient }, { as, sub: 'eve' });

    expect(theirs.body.state).toBe('COMPLETED');
    const expected = as === 'customer' ? [404, 'recipient-unknown'] : [200, undefined];
    expect([others.status, others.body.code]).toEqual(expected);
  });
});

describe('a recipient', () => {
  test('is registered, read back masked, and replaced as a whole', async () => {
    const id = anId();
    const quietHours = { from: '22:00', to: '07:00' };

    const first = await put(id, { quietHours, owner: 'ada' });
    const again = await put(id, { addresses: { push: addresses.push } });
    const read = await gateway.send('GET', `/v1/recipients/${id}`);

    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ id, quietHours, owner: 'ada', version: 1 });
    expect(first.body['addresses']).toEqual([
      { channel: 'sms', masked: '***67', refused: false },
      { channel: 'email', masked: 'A***@example.com', refused: false },
      { channel: 'push', masked: '***pp', refused: false },
    ]);
    expect(again.body).toMatchObject({ version: 2 });
    expect(again.body).not.toHaveProperty('quietHours');
    expect(read.body).toEqual(again.body);
    expect(JSON.stringify(gateway.lines)).not.toContain(addresses.sms);
  });

  test('is kept sealed', async () => {
    const id = anId();
    await put(id);

    const rows = await gateway.world.database.owner`
      select r::text as recipient, a::text as address from ledger.recipient r
        join ledger.recipient_address a on a.recipient = r.id where r.recipient_id = ${id}`;

    expect(rows).toHaveLength(3);
    for (const secret of Object.values(addresses)) {
      expect(JSON.stringify(rows).toLowerCase()).not.toContain(secret.toLowerCase());
    }
  });

  test('of a customer is its own, and as if there were no others', async () => {
    const id = anId();
    const bob = { as: 'customer', sub: 'bob' } as const;
    const eve = { as: 'customer', sub: 'eve' } as const;
    const show = (by: Sent) => gateway.send('GET', `/v1/recipients/${id}`, by);

    const made = await put(id, {}, bob);
    const taken = await put(id, {}, eve);
    const forged = await put(anId(), { owner: 'bob' }, eve);

    expect([made.status, made.body['owner']]).toEqual([200, 'bob']);
    expect([taken.status, taken.body.code]).toEqual([404, 'recipient-unknown']);
    expect([forged.status, forged.body.code]).toEqual([422, 'field-invalid']);
    expect([(await show(bob)).status, (await show(eve)).status]).toEqual([200, 404]);
  });

  test.each<readonly [string, object, string]>([
    ['a premium number', { addresses: { sms: '+499001234567' } }, 'phone-premium'],
    ['a number of no country', { addresses: { sms: '+9991234567' } }, 'phone-invalid'],
    [
      'a line break in an address',
      { addresses: { email: 'a@b.at\r\nBcc: x@y.at' } },
      'email-invalid',
    ],
    ['quotes in an address', { addresses: { email: '"a b"@example.com' } }, 'email-invalid'],
    [
      'a webhook to this machine',
      { addresses: { webhook: 'http://127.0.0.1/' } },
      'webhook-url-invalid',
    ],
    ['no channel of ours', { addresses: { fax: '1' } }, 'unknown-field'],
    ['a time zone on the moon', { timeZone: 'Moon/Tycho' }, 'field-invalid'],
    ['half of quiet hours', { quietHours: { from: '22:00' } }, 'field-invalid'],
    ['quiet hours without an end', { quietHours: { from: '22:00', to: '22:00' } }, 'field-invalid'],
    ['no language', { locale: 'deutsch!' }, 'text-invalid'],
    ['no addresses', { addresses: undefined }, 'field-invalid'],
  ])('has %s', async (_, change, code) => {
    const { status, body } = await put(anId(), change);

    expect([status, body.code]).toEqual([422, code]);
  });

  test('may have an address in another alphabet, which is written as the net has it', async () => {
    const { body } = await put(anId(), { addresses: { email: 'ada@münchen.example' } });

    expect(body['addresses']).toEqual([
      { channel: 'email', masked: 'a***@xn--mnchen-3ya.example', refused: false },
    ]);
  });
});
