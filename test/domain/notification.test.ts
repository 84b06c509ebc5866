import { describe, expect, test } from 'vitest';
import { parseNotification, parseRecipient } from '../../src/domain/index.js';

const data = { subject: 'Hello', text: 'A word' };
const whole = { recipient: 'rcp_1', channels: ['push', 'sms'], template: 'plain', data };
const faultsOf = (parsed: ReturnType<typeof parseNotification | typeof parseRecipient>) =>
  parsed.ok ? [] : parsed.faults.map(({ path, code }) => `${path} ${code}`);

describe('a notice', () => {
  test('is read with whom it is for and its data apart, which are sealed', () => {
    const parsed = parseNotification({ ...whole, urgent: true, bizKey: 'order-7' }, 'key-key-key');

    expect(parsed).toEqual({
      ok: true,
      value: {
        command: {
          ...{ domain: 'Notification', eventType: 'NotificationSent', idemKey: 'key-key-key' },
          bizKey: 'order-7',
          payload: {
            ...{ template: 'plain', channels: ['push', 'sms'] },
            ...{ urgent: true, onUnknown: 'person' },
          },
        },
        sealed: { recipient: 'rcp_1', data },
      },
    });
  });

  test.each<readonly [object, readonly string[]]>([
    [{ recipient: undefined }, ['recipient field-required']],
    [{ recipient: ['rcp_1', 'rcp_2'] }, ['recipient text-invalid']],
    [{ recipient: '+436641234567' }, ['recipient text-invalid']],
    [{ channels: 'sms' }, ['channels field-invalid']],
    [{ channels: ['sms', 'fax'] }, ['channels field-invalid']],
    [{ channels: ['sms', 'sms'] }, ['channels field-invalid']],
    [{ data: ['x'] }, ['data field-invalid']],
    [{ data: { text: 'x'.repeat(1_001) } }, ['data.text text-too-long']],
    [{ onUnknown: 'guess', urgent: 'yes' }, ['urgent field-invalid', 'onUnknown field-invalid']],
    [{ to: 'ada@example.com' }, ['to unknown-field']],
  ])('with %j is refused with every fault', (change, faults) => {
    expect(faultsOf(parseNotification({ ...whole, ...change }, 'key-key-key'))).toEqual(faults);
  });
});

describe('a recipient', () => {
  const settings = { locale: 'de-AT', timeZone: 'Europe/Vienna', addresses: { sms: '+1' } };

  test.each<readonly [object, readonly string[]]>([
    [{}, []],
    [{ quietHours: { from: '22:00', to: '07:00' }, owner: 'ada' }, []],
    [{ timeZone: 'Etc/GMT+3' }, []],
    [{ timeZone: "Europe/Vienna'; --" }, ['timeZone text-invalid']],
    [{ quietHours: { from: '22:00' } }, ['quietHours field-invalid']],
    [{ quietHours: { from: '22:00', to: '24:00' } }, ['quietHours field-invalid']],
    [{ quietHours: { from: '7:00', to: '22:00' } }, ['quietHours field-invalid']],
    [{ quietHours: { from: '22:00', to: '07:00', zone: 'x' } }, ['quietHours field-invalid']],
    [{ addresses: 'ada@example.com' }, ['addresses field-invalid']],
  ])('with %j', (change, faults) => {
    expect(faultsOf(parseRecipient({ ...settings, ...change }))).toEqual(faults);
  });
});
