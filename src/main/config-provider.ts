import type { variables } from './config-provider-variables.js';
import type { Reader } from './config-reader.js';

type Read = Reader<typeof variables>;

interface WebhooksTaken {
  readonly sandbox?: readonly Uint8Array[];
  readonly stripe?: { readonly secrets: readonly string[]; readonly live: boolean };
}

/** Of the provider that charges, and of no other: what another one tells proves nothing. */
export function webhooksTaken(read: Read): WebhooksTaken {
  if (read.value('PAYMENT_PROVIDER') !== 'stripe') {
    const sandbox = read.optional('SANDBOX_PSP_WEBHOOK_SECRET');
    return sandbox === undefined ? {} : { sandbox };
  }
  const secrets = read.optional('STRIPE_WEBHOOK_SECRET');
  // Of the key only its mode: the gateway calls nobody.
  const isLive = () => /^.k_live_/.test(read.value('STRIPE_API_KEY'));
  return secrets === undefined ? {} : { stripe: { secrets, live: isLive() } };
}

/** Where the sandbox provider tells of itself; undefined when it tells nobody. */
export function webhooks(read: Read) {
  const url = read.optional('SANDBOX_PSP_WEBHOOK_URL');
  // Whoever only receives events has the secret too, and no URL.
  if (!url) return undefined;
  const [first] = read.value('SANDBOX_PSP_WEBHOOK_SECRET') ?? [];
  return { url, secret: `whsec_${Buffer.from(first ?? []).toString('base64')}` };
}

/** The provider that charges. */
export function provider(read: Read) {
  const common = patience(read);
  if (read.value('PAYMENT_PROVIDER') !== 'stripe') {
    return { name: 'sandbox' as const, baseUrl: read.value('SANDBOX_PSP_URL'), ...common };
  }
  const [apiBase, paymentMethod, customer] = [
    read.optional('STRIPE_API_BASE'),
    read.optional('STRIPE_PAYMENT_METHOD'),
    read.optional('STRIPE_CUSTOMER'),
  ];
  return {
    ...{ name: 'stripe' as const, apiKey: read.value('STRIPE_API_KEY'), ...common },
    ...(apiBase !== undefined && { apiBase }),
    ...(paymentMethod !== undefined && { paymentMethod }),
    ...(customer !== undefined && { customer }),
  };
}

/** How long a charge is waited for, and how it is looked for after that. */
export function patience(read: Read) {
  return {
    requestTimeoutMs: read.value('PROVIDER_TIMEOUT_MS'),
    ladderMs: read.value('DOUBT_LADDER'),
  };
}
