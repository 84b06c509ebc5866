import { expect, test } from 'vitest';
import {
  parseDeviceToken,
  parseEmailAddress,
  parsePhoneNumber,
  parseWebhookUrl,
} from '../../src/notices/index.js';

const parsers = {
  email: parseEmailAddress,
  sms: parsePhoneNumber,
  push: parseDeviceToken,
  webhook: parseWebhookUrl,
} as const;
const token = `${'a'.repeat(22)}:APA91b${'B'.repeat(13)}`;
const long = 'a'.repeat(63);

test.each([
  ['email', 'ada@example.com', 'ada@example.com'],
  ['email', 'Ada.Lovelace+holdfast@Example.COM', 'Ada.Lovelace+holdfast@example.com'],
  ['email', 'ada@bücher.example', 'ada@xn--bcher-kva.example'],
  ['email', 'ada@xn--bcher-kva.example', 'ada@xn--bcher-kva.example'],
  ['sms', '+4915123456789', '+4915123456789'],
  ['sms', '+14155552671', '+14155552671'],
  ['push', token, token],
  ['webhook', 'https://example.com/hooks?id=1', 'https://example.com/hooks?id=1'],
] as const)('takes the %s address %s', (channel, given, value) => {
  expect(parsers[channel](given)).toEqual({ ok: true, value });
});

test.each([
  ['email', undefined, 'field-required'],
  ['email', ['ada@example.com', 'bob@example.com'], 'text-invalid'],
  ['email', '', 'email-invalid'],
  ['email', 'ada', 'email-invalid'],
  ['email', '@example.com', 'email-invalid'],
  ['email', 'ada@', 'email-invalid'],
  ['email', 'ada@localhost', 'email-invalid'],
  ['email', 'ada@[127.0.0.1]', 'email-invalid'],
  ['email', 'ada@127.0.0.1', 'email-invalid'],
  ['email', 'ada@example..com', 'email-invalid'],
  ['email', 'ada..lovelace@example.com', 'email-invalid'],
  ['email', 'ada@example.com\r\nBcc: eve@example.com', 'email-invalid'],
  ['email', 'ada\r\nBcc: eve@example.com', 'email-invalid'],
  ['email', 'ada@example.com\n', 'email-invalid'],
  ['email', 'ada@example.com, eve@example.com', 'email-invalid'],
  ['email', '"ada lovelace"@example.com', 'email-invalid'],
  ['email', 'Ada <ada@example.com>', 'email-invalid'],
  ['email', 'ada(comment)@example.com', 'email-invalid'],
  ['email', 'ädä@example.com', 'email-invalid'],
  ['email', `${long}aa@example.com`, 'email-invalid'],
  ['email', `ada@${[long, long, long, long].join('.')}.com`, 'email-invalid'],
  ['sms', undefined, 'field-required'],
  ['sms', 4915123456789, 'text-invalid'],
  ['sms', '015123456789', 'phone-invalid'],
  ['sms', '004915123456789', 'phone-invalid'],
  ['sms', '+49 151 23456789', 'phone-invalid'],
  ['sms', '+4915123456789\n', 'phone-invalid'],
  ['sms', '+0015123456789', 'phone-invalid'],
  ['sms', '+999123456789', 'phone-invalid'],
  ['sms', '+49151', 'phone-invalid'],
  ['sms', `+49${'1'.repeat(20)}`, 'phone-invalid'],
  ['sms', '+499001234567', 'phone-premium'],
  ['sms', '+19005551234', 'phone-premium'],
  ['sms', '+449098790000', 'phone-premium'],
  ['push', 'short', 'device-token-invalid'],
  ['push', `${token}\r\n`, 'device-token-invalid'],
  ['push', `${token}/../x`, 'device-token-invalid'],
  ['webhook', 'example.com', 'webhook-url-invalid'],
  ['webhook', 'http://example.com/', 'webhook-url-invalid'],
  ['webhook', 'http://127.0.0.1:4000/', 'webhook-url-invalid'],
  ['webhook', 'https://127.0.0.1/', 'webhook-url-invalid'],
  ['webhook', 'https://0x7f.1/', 'webhook-url-invalid'],
  ['webhook', 'https://2130706433/', 'webhook-url-invalid'],
  ['webhook', 'https://[::1]/', 'webhook-url-invalid'],
  ['webhook', 'https://localhost/', 'webhook-url-invalid'],
  ['webhook', 'https://ada:secret@example.com/', 'webhook-url-invalid'],
  ['webhook', 'ftp://example.com/', 'webhook-url-invalid'],
  ['webhook', 'javascript:alert(1)', 'webhook-url-invalid'],
  ['webhook', 'https://example.com/\r\nx', 'webhook-url-invalid'],
  ['webhook', ' https://example.com/', 'webhook-url-invalid'],
] as const)('refuses the %s address %j: %s', (channel, given, code) => {
  expect(parsers[channel](given)).toEqual({ ok: false, faults: [{ path: channel, code }] });
});

test('refuses a token and a URL without an end', () => {
  expect(parseDeviceToken('a'.repeat(4_097)).ok).toBe(false);
  expect(parseWebhookUrl(`https://example.com/${'a'.repeat(2_048)}`).ok).toBe(false);
});

test('takes http to this machine where that is allowed, and nowhere else', () => {
  const at = (url: string) => parseWebhookUrl(url, 'webhook', { loopback: true }).ok;

  expect(at('http://127.0.0.1:4000/hooks')).toBe(true);
  expect(at('http://example.com/')).toBe(false);
  expect(at('http://10.0.0.1/')).toBe(false);
});
