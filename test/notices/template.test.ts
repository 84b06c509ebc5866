import Mustache from 'mustache';
import { expect, test } from 'vitest';
import {
  isTemplateName,
  parseTemplateData,
  renderTemplate,
  templateNames,
} from '../../src/notices/index.js';
import { de } from '../../src/notices/texts/de.js';
import { en } from '../../src/notices/texts/en.js';

const languages = [
  ['en', en],
  ['de', de],
] as const;
const each = templateNames.flatMap((name) =>
  languages.map((language) => [name, ...language] as const),
);

const dataOf = (name: (typeof templateNames)[number]) => {
  const empty = parseTemplateData(name, {});
  const names = empty.ok ? [] : empty.faults.map(({ path }) => path.replace('data.', ''));
  return Object.fromEntries(names.map((one) => [one, `<${one}>`]));
};

test.each(each)(
  'renders %s in %s with all that it needs, and nothing else',
  (name, locale, texts) => {
    const data = dataOf(name);
    const used = Object.values(texts[name]).flatMap((text) =>
      Mustache.parse(text)
        .filter(([kind]) => kind !== 'text')
        .map(([kind, value]) => (kind === 'name' ? value : `${kind} ${value}`)),
    );

    const { subject, text, html } = renderTemplate(name, locale, data);

    expect([...new Set(used)].sort()).toEqual(Object.keys(data).sort());
    expect(parseTemplateData(name, data)).toEqual({ ok: true, value: data });
    expect([subject, text, html].join()).not.toMatch(/\{\{|\}\}|undefined/);
    for (const one of Object.keys(data)) expect(html + subject).toContain(one);
    expect(html).not.toContain('<reference>');
  },
);

test('lists what is missing and what is not known', () => {
  expect(parseTemplateData('payment-settled', { amount: '1.00', sum: 'x', currency: '' })).toEqual({
    ok: false,
    faults: [
      { path: 'data.sum', code: 'unknown-field' },
      { path: 'data.currency', code: 'field-required' },
      { path: 'data.reference', code: 'field-required' },
    ],
  });
  expect(parseTemplateData('plain', ['subject'])).toEqual({
    ok: false,
    faults: [{ path: 'data', code: 'body-invalid' }],
  });
});

test.each([
  ['a header', 'Hello\r\nBcc: eve@example.com', 'text-invalid'],
  ['a line feed', 'Hello\n', 'text-invalid'],
  ['an escape', 'Hello\u001b[31m', 'text-invalid'],
  ['too much', 'x'.repeat(201), 'text-too-long'],
  ['a number', 12, 'text-invalid'],
])('refuses a line with %s in it', (_, subject, code) => {
  expect(parseTemplateData('plain', { subject, text: 'Hello' })).toEqual({
    ok: false,
    faults: [{ path: 'data.subject', code }],
  });
});

test('takes a text of several lines', () => {
  expect(parseTemplateData('plain', { subject: 'Hello', text: 'one\ntwo' }).ok).toBe(true);
});

test('knows its templates by name alone', () => {
  expect(templateNames).toContain('payment-settled');
  expect(['plain', 'toString', '__proto__', '', 1].map(isTemplateName)).toEqual([
    true,
    ...[false, false, false, false],
  ]);
});

test.each([
  ['de', 'Zahlung'],
  ['de-AT', 'Zahlung'],
  ['DE-Latn-CH', 'Zahlung'],
  ['en-GB', 'Payment'],
  ['fr', 'Payment'],
  ['', 'Payment'],
  ['__proto__', 'Payment'],
])('writes to a reader of %j', (locale, word) => {
  expect(renderTemplate('payment-settled', locale, { amount: '1' }).subject).toContain(word);
});

test('takes data for data, whatever it looks like', () => {
  const subject = '{{text}} {{{html}}} {{#x}}';
  const text = '<script>alert("{{subject}}")</script> & {{constructor}}';

  const rendered = renderTemplate('plain', 'en', { subject, text });

  expect(rendered.subject).toBe(subject);
  expect(rendered.text).toBe(text);
  expect(rendered.html).toBe(
    '<p>&lt;script&gt;alert(&quot;{{subject}}&quot;)&lt;&#x2F;script&gt; &amp; {{constructor}}</p>',
  );
});

test('makes one line of a subject, and keeps no control character but a line break', () => {
  const subject = 'Paid\r\nBcc: eve@example.com\u0000\u2028X';
  const text = 'one\r\ntwo\u0007\u001b[31m\u202ethree\u2028four';

  const rendered = renderTemplate('plain', 'en', { subject, text });

  expect(rendered.subject).toBe('Paid Bcc: eve@example.com X');
  expect(rendered.text).toBe('one\ntwo[31mthree\nfour');
  expect(rendered.html).toBe('<p>one<br>two[31mthree<br>four</p>');
});
