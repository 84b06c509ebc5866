import { isIP } from 'node:net';
import { z } from 'zod';
import { ladderRungsMax } from '../domain/index.js';
import { isWebhookTarget } from '../network/index.js';
import { parseEmailAddress } from '../notices/index.js';
import type { MailServer } from '../providers/email/index.js';
import { clamdAddress } from '../objects/clamd.js';
import { objectStoreLocation } from '../objects/location.js';

// The kinds of value a variable can have. A message completes "NAME ..." and never shows the value.

/** Any text. */
export const text = z.string();

/** A whole number, both ends included. */
export function whole(min: number, max: number) {
  return checked(`must be a whole number from ${min} to ${max}`, (given) => {
    const number = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    return number >= min && number <= max ? number : undefined;
  });
}

/** An address to listen on. */
export const address = checked('must be an IP address or localhost', (given) => {
  if (given === 'localhost') return '127.0.0.1';
  return isIP(given) ? given : undefined;
});

/** A TCP port; 0 lets the system choose one. */
export const port = whole(0, 65_535);

/** A TCP port, or `off`: null. */
export const portOrOff = checked('must be a port from 1 to 65535, or off', (given) => {
  if (given === 'off') return null;
  const number = /^\d{1,5}$/.test(given) ? Number(given) : 0;
  return number >= 1 && number <= 65_535 ? number : undefined;
});

/** Minor units of whatever currency, or `off`: null. */
export const amountOrOff = checked('must be 0 to 999999999999999 minor units, or off', (given) => {
  if (given === 'off') return null;
  return /^\d{1,15}$/.test(given) ? Number(given) : undefined;
});

/** One of these words. */
export function word<const Word extends string>(...words: readonly Word[]) {
  return checked(`must be ${words.join(' or ')}`, (given) => words.find((one) => one === given));
}

/** One or more of these words, each once. */
export function wordList<const Word extends string>(...known: readonly Word[]) {
  return checked(
    `must be one or more of ${known.join(', ')}, separated by commas`,
    (given): readonly Word[] | undefined => {
      const parts = given.split(',').map((part) => known.find((one) => one === part.trim()));
      const fit = new Set(parts).size === parts.length && !parts.includes(undefined);
      return fit ? (parts as Word[]) : undefined;
    },
  );
}

/** A PostgreSQL URL that names a host and a database. */
export const postgresUrl = checked(
  'must be a URL such as postgres://user:password@host:5432/database',
  (given) => {
    const url = URL.canParse(given) ? new URL(given) : undefined;
    const fits = url && /^postgres(ql)?:$/.test(url.protocol) && url.hostname && url.pathname[1];
    return fits ? given : undefined;
  },
);

/** An http or https URL, without a slash at its end. */
export const httpUrl = checked('must be an http or https URL', (given) => {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const fits = url && /^https?:$/.test(url.protocol) && !url.username && !url.password;
  return fits ? given.replace(/\/+$/, '') : undefined;
});

/** Services by their name, each with its URL. */
export const serviceUrls = checked(
  'must be name=URL, several separated by commas, each an http or https URL',
  (given): Readonly<Record<string, string>> | undefined => {
    const pairs = given.split(',').map((pair) => {
      const [, name = '', url = ''] =
        /^\s*([a-z][A-Za-z0-9]*)=(https?:\/\/\S+?)\/*\s*$/.exec(pair) ?? [];
      return [name, url] as const;
    });
    return pairs.every(([, url]) => URL.canParse(url)) ? Object.fromEntries(pairs) : undefined;
  },
);

/** Where objects are kept. */
export const objectStore = checked(
  'must be file:FOLDER or s3://BUCKET?endpoint=URL&region=NAME',
  objectStoreLocation,
);

/** What scans. */
export const scanner = checked(
  'must be clamd://HOST:PORT or clamd:///PATH of a socket',
  clamdAddress,
);

/** Secrets that are bytes, the first of which signs. */
export const byteSecrets = checked(
  'must be one or two of base64 of 32 to 64 bytes, separated by a comma',
  (given): readonly Uint8Array[] | undefined => {
    const all = given.split(',').map((one) => Uint8Array.from(Buffer.from(one.trim(), 'base64')));
    const exact = all.map((bytes) => Buffer.from(bytes).toString('base64')).join(',');
    const fit = all.every(({ length }) => length >= 32 && length <= 64) && all.length <= 2;
    return fit && exact === given.replaceAll(' ', '') ? all : undefined;
  },
);

/** Where webhooks may go, as far as the URL itself tells. */
export const webhookTarget = checked(
  'must be an https URL of a public host, or an http URL of this machine',
  (given) => (isWebhookTarget(given) ? given : undefined),
);

/** An account of Twilio. */
export const twilioAccount = checked('must be AC and 32 hexadecimal digits', (given) =>
  /^AC[0-9a-f]{32}$/.test(given) ? given : undefined,
);

/** An e-mail address. */
export const emailAddress = checked('must be an e-mail address', (given) => {
  const parsed = parseEmailAddress(given);
  return parsed.ok ? parsed.value : undefined;
});

/** A server that takes mail; without TLS only on this machine. */
export const smtpUrl = checked(
  'must be a URL such as smtps://user:password@host:465 or smtp://host:587',
  (given): MailServer | undefined => {
    const url = URL.canParse(given) ? new URL(given) : undefined;
    const secure = url?.protocol === 'smtps:';
    if (!url?.hostname || (!secure && url.protocol !== 'smtp:')) return undefined;
    const { hostname: host, username, password } = url;
    return {
      ...{ host, secure, port: Number(url.port) || (secure ? 465 : 587) },
      requireTLS: !['localhost', '127.0.0.1'].includes(host),
      ...(username && {
        credentials: { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
      }),
    };
  },
);

/** Servers of NATS, all of them with TLS or none. */
export const natsServers = checked(
  'must be nats://host:port or tls://host:port, several of one kind separated by commas',
  (given): readonly string[] | undefined => {
    const servers = given.split(',').map((server) => server.trim());
    const schemes = servers.map(
      (server) => /^(nats|tls):\/\/(\[[\da-fA-F:]+\]|[\w.-]+)(:\d{1,5})?$/.exec(server)?.[1],
    );
    const fit = new Set(schemes).size === 1 && schemes[0] !== undefined;
    return fit ? servers : undefined;
  },
);

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const rungMsMax = 7 * unitMs.d;

/** The waits of the ladder of doubt, in milliseconds. */
export const ladder = checked(
  `must be 1 to ${ladderRungsMax} durations such as 1s,2s,5m,1h, each from 1ms to 7d`,
  (given): readonly number[] | undefined => {
    const rungs = given.split(',').map((rung) => {
      const [, count, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(rung.trim()) ?? [];
      return unit === undefined ? 0 : Number(count) * unitMs[unit as keyof typeof unitMs];
    });
    const fits = rungs.every((ms) => ms >= 1 && ms <= rungMsMax) && rungs.length <= ladderRungsMax;
    return fits ? rungs : undefined;
  },
);

/** A key that seals free text: AES-256, named so that an older one can still open. */
export interface PayloadKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

export interface PayloadKeys {
  /** Seals what comes in. */
  readonly seal: PayloadKey;
  /** Open what was sealed before; the sealing key is one of them. */
  readonly open: readonly PayloadKey[];
  /** Makes fingerprints and field digests; it must stay the same for ever. */
  readonly digest: PayloadKey;
}

/** `id:base64[,id:base64...]`: the first seals, all open, the last makes digests. */
export const payloadKeys = checked(
  'must be id:base64 of 32 bytes, several separated by commas, each id once',
  (given): PayloadKeys | undefined => {
    const open = given.split(',').map(readPayloadKey);
    const [seal, digest] = [open[0], open.at(-1)];
    const ids = new Set(open.map((one) => one?.id));
    if (!seal || !digest || !open.every((one) => one !== undefined)) return undefined;
    return ids.size === open.length ? { seal, open, digest } : undefined;
  },
);

function readPayloadKey(given: string): PayloadKey | undefined {
  const [, id, base64] = /^([\w-]{1,32}):([A-Za-z0-9+/]{43}=)$/.exec(given.trim()) ?? [];
  return id && base64 ? { id, key: Uint8Array.from(Buffer.from(base64, 'base64')) } : undefined;
}

/** An http or https URL, kept as it is: what comes after the host may be a secret. */
export const webhookUrl = checked('must be an http or https URL without a user', (given) => {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const fits = url && /^https?:$/.test(url.protocol) && !url.username && !url.password;
  return fits ? url.href : undefined;
});

/** `whsec_base64`, as whoever signs needs it. */
export const webhookSecret = checked('must be whsec_ and base64 of 24 to 64 bytes', (given) => {
  const bytes = webhookSecrets.safeParse(given).data;
  return bytes?.length === 1 ? given.trim() : undefined;
});

/** `whsec_base64[,whsec_base64]`: the secrets that a provider may sign with, as bytes. */
export const webhookSecrets = checked(
  'must be one or two of whsec_ and base64 of 24 to 64 bytes, separated by a comma',
  (given): readonly Uint8Array[] | undefined => {
    const secrets = given.split(',').map((secret) => {
      const [, base64 = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret.trim()) ?? [];
      const bytes = Buffer.from(base64, 'base64');
      return bytes.toString('base64') === base64 ? Uint8Array.from(bytes) : new Uint8Array();
    });
    const fit = secrets.every(({ length }) => length >= 24 && length <= 64);
    return fit && secrets.length <= 2 ? secrets : undefined;
  },
);

/** The same of Stripe, whose secrets are text: all of it is the key. */
export const stripeWebhookSecrets = checked(
  'must be one or two of whsec_ and 24 to 128 letters or digits, separated by a comma',
  (given): readonly string[] | undefined => {
    const secrets = given.split(',').map((secret) => secret.trim());
    const fit = secrets.every((secret) => /^whsec_[A-Za-z0-9]{24,128}$/.test(secret));
    return fit && secrets.length <= 2 ? secrets : undefined;
  },
);

/** A key of Stripe that says whether it is one of test or of live mode. */
export const stripeApiKey = checked(
  'must be a key of Stripe such as sk_test_..., sk_live_..., rk_test_... or rk_live_...',
  (given) => (/^(sk|rk)_(test|live)_[\x21-\x7e]+$/.test(given) ? given : undefined),
);

function checked<Value>(mistake: string, read: (given: string) => Value | undefined) {
  return z
    .string()
    .transform((given, context): Value => {
      const value = read(given);
      if (value !== undefined) return value;
      context.issues.push({ code: 'custom', message: mistake, input: undefined });
      return z.NEVER;
    })
    .describe(mistake.replace('must', 'Must'));
}
