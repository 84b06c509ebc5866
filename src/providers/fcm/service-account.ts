import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';

const file = z.object({
  project_id: z.string().regex(/^[a-z0-9:.-]{4,64}$/),
  private_key_id: z.string().min(1),
  private_key: z.string().startsWith('-----BEGIN PRIVATE KEY-----').refine(isRsaKey),
  client_email: z.string().min(3),
  token_uri: z.url({ protocol: /^https?$/ }),
});

/** Who we are to Google. */
export interface ServiceAccount {
  readonly projectId: string;
  readonly keyId: string;
  /** PKCS #8, as PEM; a secret. */
  readonly privateKey: string;
  readonly email: string;
  readonly tokenUrl: string;
}

/** What is in a key file of Google's console; undefined for any other text. */
export function parseServiceAccount(text: string): ServiceAccount | undefined {
  const { success, data } = file.safeParse(json(text));
  if (!success) return undefined;
  return {
    projectId: data.project_id,
    keyId: data.private_key_id,
    privateKey: data.private_key,
    email: data.client_email,
    tokenUrl: data.token_uri,
  };
}

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
