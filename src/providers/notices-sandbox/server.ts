import { type Closed, createSandboxApp, type SandboxLogLine } from '../sandbox/app.js';
import { type FcmSandboxOptions, fcmRoutes } from './fcm.js';
import { formBodies } from './forms.js';
import { openNoticesLedger } from './ledger.js';
import { startMailServer } from './mail.js';
import { receiverRoutes } from './receiver.js';
import { type TwilioSandboxOptions, twilioRoutes } from './twilio.js';

export interface NoticesSandboxOptions {
  /** The ledger: one JSON line per notice, created when missing. */
  readonly file: string;
  /** Of HTTP; 0 takes any free port. */
  readonly port: number;
  /** Of SMTP; 0 takes any free port. */
  readonly smtpPort: number;
  /** `127.0.0.1` by default. */
  readonly host?: string;
  readonly fcm: FcmSandboxOptions;
  readonly twilio: TwilioSandboxOptions;
  /** What senders of webhooks sign with. */
  readonly webhookSecrets: readonly Uint8Array[];
  readonly onLog?: (line: SandboxLogLine) => void;
}

export interface NoticesSandbox {
  readonly url: string;
  readonly smtpUrl: string;
  close(): Promise<Closed>;
}

/** All channels' far sides, listening. Rejects for a ledger that is none and for a taken port. */
export async function createNoticesSandbox(
  options: NoticesSandboxOptions,
): Promise<NoticesSandbox> {
  const { file, port, smtpPort, host = '127.0.0.1', onLog = () => undefined } = options;
  const ledger = await openNoticesLedger(file);
  const { app, faults, closing, close } = createSandboxApp(onLog);
  formBodies(app);
  const deps = { ledger, faults, closing, onLog };
  fcmRoutes(app, deps, options.fcm);
  const calls = twilioRoutes(app, deps, options.twilio);
  receiverRoutes(app, deps, options.webhookSecrets);
  app.get('/deliveries', ({ query }) => {
    const { id } = query as { readonly id?: string };
    return { data: ledger.entries.filter(({ deliveryId }) => !id || deliveryId === id) };
  });
  const mail = await startMailServer({ ...deps, port: smtpPort, host });
  try {
    return {
      url: await app.listen({ port, host }),
      smtpUrl: `smtp://${host}:${mail.port}`,
      async close() {
        const closed = await close();
        await mail.close();
        await calls.settled();
        await ledger.close();
        return closed;
      },
    };
  } catch (error) {
    await mail.close();
    await ledger.close();
    throw error;
  }
}
