import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { createBounceReports } from '../../src/providers/email/index.js';

const secret = new Uint8Array(32).fill(5);
const webhook = new Webhook(secret, { format: 'raw' });
const reports = createBounceReports({ secrets: [secret] });

function read(mail: string, signed = mail) {
  const moment = new Date();
  const headers = {
    'webhook-id': 'bounce_1',
    'webhook-timestamp': `${Math.floor(moment.getTime() / 1_000)}`,
    'webhook-signature': webhook.sign('bounce_1', moment, signed),
  };
  return reports.read(Buffer.from(mail), headers, '');
}

/** A report as Postfix writes it. */
const report = (fields: string, original = 'X-Delivery-Id: op_one:notice.1') => `From: MAILER-DAEMON
To: notices@holdfast.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status;
	boundary="AA.1/mx.example.com"

This is a MIME-encapsulated message.

--AA.1/mx.example.com
Content-Type: text/plain; charset=us-ascii

I'm sorry. Action: delivered

--AA.1/mx.example.com
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
X-Postfix-Sender: rfc822; notices@holdfast.example

Final-Recipient: rfc822; ada.lovelace@example.com
${fields}
Diagnostic-Code: smtp; 550 no such user ada.lovelace

--AA.1/mx.example.com
Content-Type: message/rfc822

From: notices@holdfast.example
${original}
Subject: Hello

X-Delivery-Id: op_forged:notice.1

--AA.1/mx.example.com--
`;

test.each([
  ['Action: failed\nStatus: 5.1.1', 'address-refused', 'smtp-5.1.1'],
  ['Action: failed\nStatus: 5.2.1 (disabled)', 'address-refused', 'smtp-5.2.1'],
  ['Action: failed\nStatus: 5.2.2', 'refused', 'smtp-5.2.2'],
  ['Action: failed\nStatus: 5.1.8', 'refused', 'smtp-5.1.8'],
  ['Action: failed\nStatus: 4.4.7', 'refused', 'smtp-4.4.7'],
  ['Action: failed', 'refused', undefined],
  ['Action: DELAYED\nStatus: 4.4.1', 'under-way', undefined],
  ['Action: delivered\nStatus: 2.0.0', 'delivered', undefined],
  ['Action: relayed\nStatus: 2.0.0', 'delivered', undefined],
])('reads %j as %s', (fields, state, cause) => {
  const wanted = {
    ...{ kind: 'report', deliveryId: 'op_one:notice.1', state },
    ...(cause && { cause }),
  };

  expect(read(report(fields))).toEqual(wanted);
  expect(read(report(fields).replaceAll('\n', '\r\n'))).toEqual(wanted);
});

test.each([
  ['no report', 'Subject: Out of office\nContent-Type: text/plain\n\nAction: failed'],
  ['an action that is none', report('Action: exploded')],
  ['no action', report('Status: 5.1.1')],
  ['no delivery of ours', report('Action: failed', 'X-Mailer: somebody else')],
  ['a delivery id that is none', report('Action: failed', 'X-Delivery-Id: <script>')],
  ['nothing', ''],
])('cannot read %s', (_, mail) => {
  expect(read(mail)).toEqual({ kind: 'unreadable' });
});

test('takes none that is not signed', () => {
  const mail = report('Action: failed\nStatus: 5.1.1');

  expect(read(mail, `${mail} `)).toEqual({ kind: 'refused', code: 'signature-invalid' });
  expect(reports.read(Buffer.from(mail), {}, '')).toEqual({
    ...{ kind: 'refused', code: 'signature-required' },
  });
});
