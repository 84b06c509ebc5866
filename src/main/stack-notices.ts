import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { keptSecret, writeSecret } from '../servers/secret-file.js';

export interface StackNotices {
  /** What whoever sends notices needs, and whoever hears of them. */
  readonly environment: Readonly<Record<string, string>>;
  /** What came through, as the far side wrote it down. */
  readonly ledgerFile: string;
}

/** All channels set up, with the sandbox of notices as their far side. */
export async function stackNotices(
  stateDir: string,
  ports: { readonly gateway: number; readonly notices: number; readonly noticesSmtp: number },
): Promise<StackNotices> {
  const url = `http://127.0.0.1:${ports.notices}`;
  const keyFile = join(stateDir, 'fcm-service-account.json');
  const secret = (name: string) => keptSecret(join(stateDir, name), random);
  const [authToken, webhookSecret] = await Promise.all([
    secret('twilio-auth-token'),
    secret('notice-webhook-secret'),
    writeSecret(keyFile, serviceAccount(`${url}/token`)),
  ]);
  const ledgerFile = join(stateDir, 'notices.jsonl');
  return {
    ledgerFile,
    environment: {
      FCM_SERVICE_ACCOUNT_FILE: keyFile,
      FCM_ENDPOINT: url,
      TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
      TWILIO_AUTH_TOKEN: authToken,
      TWILIO_FROM: '+14155550100',
      TWILIO_ENDPOINT: url,
      TWILIO_CALLBACK_URL: `http://127.0.0.1:${ports.gateway}/v1/webhooks/twilio`,
      SMTP_URL: `smtp://127.0.0.1:${ports.noticesSmtp}`,
      NOTICE_EMAIL_FROM: 'notices@holdfast.example',
      NOTICE_WEBHOOK_SECRETS: `whsec_${webhookSecret}`,
      NOTICE_WEBHOOK_LOOPBACK: 'on',
      NOTICES_SANDBOX_PORT: `${ports.notices}`,
      NOTICES_SANDBOX_SMTP_PORT: `${ports.noticesSmtp}`,
      NOTICES_SANDBOX_LEDGER_FILE: ledgerFile,
    },
  };
}

function random(): string {
  return randomBytes(32).toString('base64');
}

/** A new key each time: nobody keeps what it signed. */
function serviceAccount(tokenUrl: string): string {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return JSON.stringify({
    type: 'service_account',
    project_id: 'holdfast-development',
    private_key_id: 'development',
    private_key: privateKey,
    client_email: 'notices@holdfast-development.iam.gserviceaccount.com',
    token_uri: tokenUrl,
  });
}
