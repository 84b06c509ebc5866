const masked = '[masked]';
const textCharactersMax = 16_384;
const depthMax = 12;

/** Names whose values are never written: secrets, and the free text that is kept sealed only. */
const secretName = new RegExp(
  [
    '^(authorization|proxyauthorization|cookie|setcookie|credentials?|pan|cardnumber|cvv|cvc|otp)$',
    '^(stepupcode|payloadkeys?|jwt|email|recipient|description|metadata)$',
    '(password|passwd|pwd|secret|token|apikey|privatekey)$',
  ].join('|'),
);

/** What a secret looks like inside a text, and what is written in its place. */
const secretTexts: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(-----END [A-Z ]*-----)?/g, masked],
  // Any two-part credential: Authorization: Basic abc, bearer abc.
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${masked}`],
  [/(?<![\w-])eyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g, masked],
  // scheme://user:password@host
  [/(\b[a-z][\w+.-]{0,30}:\/\/[^\s:@/]{0,256}:)[^\s@]{0,256}@/gi, `$1${masked}@`],
  // password=..., "token": "..."
  [
    /((?:passw(?:or)?d|pwd|secret|token|api[-_]?key|cvv|cvc|otp)["']?\s*[=:]\s*["']?)[^\s"',;&]+/gi,
    `$1${masked}`,
  ],
  // 32 bytes in base64, which is what PAYLOAD_KEYS holds, and the keys of vendors.
  [/(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=/g, masked],
  [/\b(whsec|sk_live|sk_test|rk_live)_[A-Za-z0-9+/=]+/g, masked],
  // Card numbers, in one run or in groups; letters around mean that it is part of an id.
  [/(?<!\w)\d{13,19}(?!\w)/g, masked],
  [/(?<!\w)\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}(?!\w)/g, masked],
  [/(?<!\w)\d{4}([ -])\d{6}\1\d{5}(?!\w)/g, masked],
];

/** Characters that break or reorder a line on a screen although JSON leaves them as they are. */
const unprintable = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** The text without secrets, at most 16,384 characters of it. */
export function maskText(text: string): string {
  const short =
    text.length > textCharactersMax ? `${text.slice(0, textCharactersMax)} [cut]` : text;
  return secretTexts.reduce((seen, [secret, instead]) => seen.replace(secret, instead), short);
}

/** A line of JSON as it may be written: secrets masked in names, texts and numbers; one line. */
export function maskLine(line: string): string {
  const clean = JSON.stringify(maskValue(JSON.parse(line), depthMax));
  const escaped = clean.replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${escaped}\n`;
}

function maskValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return maskText(value);
  if (typeof value === 'number') return isCardNumber(value) ? masked : value;
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '[deep]';
  if (Array.isArray(value)) return value.map((one) => maskValue(one, depth - 1));
  const entries = Object.entries(value).map(([name, inner]) => [
    maskText(name),
    isSecret(name) && inner !== null ? masked : maskValue(inner, depth - 1),
  ]);
  return Object.fromEntries(entries);
}

function isSecret(name: string): boolean {
  return secretName.test(name.replaceAll(/[-_.]/g, '').toLowerCase());
}

// Thirteen digits are a moment in milliseconds, unless they begin with 4: none does until 2096.
function isCardNumber(value: number): boolean {
  return /^(4\d{12}|\d{14,19})$/.test(String(value));
}
