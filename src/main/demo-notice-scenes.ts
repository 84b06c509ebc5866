import { nanoid } from 'nanoid';
import { accounts, check, endedAs } from './demo-scenes.js';
import { accepted, type DemoWorld, type SceneReport } from './demo-world.js';
import type { OperationBody } from './http-api.js';

const phone = '+436641234567';

/** The far side refuses the SMS, so that the e-mail is sent; and who pays is told by itself. */
export async function noticeFallsBack(world: DemoWorld): Promise<SceneReport> {
  const { api, atRest } = world;
  const { friend } = accounts;
  await sandbox(world, '/faults', {
    ...{ fault: 'decline', times: 1 },
    match: { method: 'POST', referencePrefix: phone },
  });
  const recipient = `${friend}-${nanoid(6).replaceAll(/[-_]/g, 'x')}`;
  await api.put(`/v1/recipients/${recipient}`, {
    ...{ owner: friend, locale: 'de-AT', timeZone: 'Europe/Vienna' },
    addresses: { sms: phone, email: 'bob@example.com' },
  });
  const asked = {
    ...{ recipient, channels: ['sms', 'email'], template: 'plain', urgent: true },
    data: { subject: 'Hello', text: 'Your order is on its way.' },
  };
  const key = nanoid();
  const { opId } = accepted(await api.post<OperationBody>('/v1/notifications', asked, { key }));
  const notice = await atRest(opId);
  const payment = await world.pay({
    ...{ account: friend, payTo: accounts.poor, method: 'balance', amount: 9_00 },
  });
  const told = await world.awaited(() => noticeOf(world, payment.opId));
  const { channel, deliveryId = '' } = notice.outcome ?? {};
  const came = await deliveries(world, deliveryId);
  return {
    title: 'A notice whose first channel refuses, and one of a payment',
    operations: [notice, payment, ...(told === undefined ? [] : [told])],
    checks: [
      endedAs('it is sent', [notice], 'COMPLETED'),
      check('by e-mail, since the SMS was refused', channel === 'email', channel),
      check('the mail server has it once', came === 1, came),
      check('who paid is told', told?.state === 'COMPLETED', told?.state),
    ],
  };
}

/** The notice of a payment, once it is at rest. */
async function noticeOf(
  { api, atRest }: DemoWorld,
  payment: string,
): Promise<OperationBody | undefined> {
  const path = `/v1/operations?domain=Notification&bizKey=${payment}`;
  const { body } = await api.get<{ data: OperationBody[] }>(path);
  const [found] = 'data' in body ? body.data : [];
  return found && atRest(found.opId);
}

async function deliveries(world: DemoWorld, deliveryId: string): Promise<number> {
  const path = `/deliveries?id=${encodeURIComponent(deliveryId)}`;
  const { data } = (await sandbox(world, path)) as { data: unknown[] };
  return data.length;
}

async function sandbox({ stack }: DemoWorld, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${stack.urls.notices}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  if (!response.ok) throw new Error(`the sandbox of notices answers ${response.status}`);
  return response.json();
}
