import { createHmac } from 'node:crypto';
import { nanoid } from 'nanoid';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { notificationOf, type OpId } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import {
  aGateway,
  type Answer,
  sandboxSecrets,
  type TestGateway,
  twilioReports,
} from './a-gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await aGateway();
  await gateway.world.work();
});
afterAll(() => gateway.stop());

/** What Twilio tells of a delivery, signed as it does. */
function tell(deliveryId: string, fields: Readonly<Record<string, string>>, by = twilioReports) {
  const query = `?delivery=${deliveryId}`;
  const signed = Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1));
  const signature = createHmac('sha1', by.authToken)
    .update(`${by.callbackUrl}${query}${signed.flat().join('')}`)
    .digest('base64');
  return fetch(`${gateway.url}/v1/webhooks/twilio${query}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': signature,
    },
    body: new URLSearchParams(fields).toString(),
  });
}

/** An SMS of which nobody knows whether it was taken, or one that was. */
async function anSms(
  fault?: 'unreached',
): Promise<{ opId: OpId; deliveryId: string; recipient: string }> {
  const { post, client } = gateway.world;
  const recipient = await post.recipient({ on: ['sms'] });
  if (fault !== undefined) post.bend(recipient, 'sms', fault);
  const command = notificationOf(nanoid(), { template: 'plain', channels: ['sms'] });
  const sealed = { recipient, data: { subject: 'Hello', text: 'A word' } };
  const { opId } = await client.start(command, { sealed });
  return { opId, deliveryId: `${opId}:sms.1:1`, recipient };
}

const shown = async (opId: OpId): Promise<Answer['body']> =>
  (await gateway.send('GET', `/v1/operations/${opId}`)).body;

test('what a provider tells of a delivery ends the doubt about it', async () => {
  const { opId, deliveryId } = await anSms('unreached');
  await eventually(async () => expect(await shown(opId)).toMatchObject({ phase: 'in-doubt' }));

  const told = await tell(deliveryId, { MessageStatus: 'sent', MessageSid: `SM${'0'.repeat(32)}` });

  expect(told.status).toBe(204);
  const { client, post } = gateway.world;
  expect(await client.result(opId)).toMatchObject({ kind: 'sent', deliveryId });
  // Twilio has it, whatever became of its answer: nothing is sent again.
  expect(post.mailbox.sends(opId)).toEqual([]);
  expect(await shown(opId)).toMatchObject({ notice: { deliveries: [{ report: 'under-way' }] } });
});

test('an address that bounced for good is skipped from then on', async () => {
  const { opId, deliveryId, recipient } = await anSms();
  await gateway.world.client.result(opId);

  const first = await tell(deliveryId, { MessageStatus: 'failed', ErrorCode: '21610' });
  const again = await tell(deliveryId, { MessageStatus: 'failed', ErrorCode: '21610' });

  expect([first.status, again.status]).toEqual([204, 204]);
  const { body } = await gateway.send('GET', `/v1/recipients/${recipient}`);
  expect(body['addresses']).toMatchObject([{ channel: 'sms', refused: true }]);
  expect(await shown(opId)).toMatchObject({
    state: 'COMPLETED',
    notice: { deliveries: [{ state: 'sent', report: 'address-refused' }] },
  });
  expect(await gateway.world.disagreeing()).toEqual([]);
});

test('what nobody signed is refused, and what is of nobody does nothing', async () => {
  const { opId, deliveryId } = await anSms();
  await gateway.world.client.result(opId);
  const fields = { MessageStatus: 'failed', ErrorCode: '21610' };

  const forged = await tell(deliveryId, fields, {
    ...twilioReports,
    authToken: 'guessed' as never,
  });
  const unsigned = await fetch(`${gateway.url}/v1/webhooks/twilio?delivery=${deliveryId}`, {
    method: 'POST',
    body: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  const stray = await tell('op_nobody:sms.1:1', fields);

  expect([forged.status, unsigned.status, stray.status]).toEqual([401, 401, 204]);
  expect(await shown(opId)).not.toHaveProperty('notice.deliveries.0.report');
});

test('a mail that bounces for good is told of by the mail server', async () => {
  const { post, client } = gateway.world;
  const recipient = await post.recipient({ on: ['email'] });
  const command = notificationOf(nanoid(), { template: 'plain', channels: ['email'] });
  const sealed = { recipient, data: { subject: 'Hello', text: 'A word' } };
  const { opId } = await client.start(command, { sealed });
  await client.result(opId);
  const lines = [
    'Content-Type: multipart/report; boundary="edge"',
    ...['', '--edge', 'Content-Type: message/delivery-status', ''],
    ...['Action: failed', 'Status: 5.1.1'],
    ...['', '--edge', 'Content-Type: text/rfc822-headers', ''],
    ...[`X-Delivery-Id: ${opId}:email.1:1`, '', '--edge--', ''],
  ];
  const body = lines.join('\r\n');
  const moment = new Date();
  const [secret] = sandboxSecrets;
  const signed = new Webhook(secret, { format: 'raw' }).sign('bounce_1', moment, body);

  const told = await fetch(`${gateway.url}/v1/webhooks/smtp`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'message/rfc822',
      'webhook-id': 'bounce_1',
      'webhook-timestamp': `${Math.floor(moment.getTime() / 1_000)}`,
      'webhook-signature': signed,
    },
  });

  expect(told.status).toBe(204);
  const shownNow = await gateway.send('GET', `/v1/recipients/${recipient}`);
  expect(shownNow.body['addresses']).toMatchObject([{ channel: 'email', refused: true }]);
});
