import { Readable } from 'node:stream';
import SMTPConnection from 'nodemailer/lib/smtp-connection';

/** A server that takes mail. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte on. */
  readonly secure: boolean;
  /** Without TLS nothing is sent: neither credentials nor mail. */
  readonly requireTLS: boolean;
  readonly credentials?: { readonly user: string; readonly pass: string } | undefined;
}

export interface Mail {
  readonly from: string;
  readonly to: string;
  /** All of it, as it goes out. */
  readonly bytes: Uint8Array;
}

/** What came of one mail. */
export type MailAnswer =
  | { readonly kind: 'accepted' }
  /** The server said no, with its code, and with `5.1.1` and the like where it gave one. */
  | {
      readonly kind: 'refused';
      readonly code: number;
      readonly enhanced?: string;
      readonly command: string;
    }
  /** Cut before the mail itself went out. */
  | { readonly kind: 'never-sent'; readonly reason: string }
  /** Cut after that, and before the server's word on it. */
  | { readonly kind: 'lost'; readonly reason: string };

/** Hands one mail over, on a connection of its own. Never rejects. */
export function sendMail(server: MailServer, mail: Mail, timeoutMs: number): Promise<MailAnswer> {
  const { credentials, ...where } = server;
  const limits = { connectionTimeout: timeoutMs, greetingTimeout: timeoutMs };
  const connection = new SMTPConnection({ ...where, ...limits, socketTimeout: timeoutMs });
  let isUnderWay = false;
  // Read when the server has asked for the mail, and not before.
  const message = Readable.from(
    (function* () {
      isUnderWay = true;
      yield mail.bytes;
    })(),
    { objectMode: false },
  );

  return new Promise((resolve) => {
    const timer = setTimeout(() => end(cut('timeout')), timeoutMs);
    const cut = (reason: string): MailAnswer => ({
      kind: isUnderWay ? 'lost' : 'never-sent',
      reason,
    });
    const end = (answer: MailAnswer) => {
      clearTimeout(timer);
      resolve(answer);
      if (answer.kind === 'accepted' || answer.kind === 'refused') connection.quit();
      else connection.close();
    };
    const failed = (error: unknown) => end(refusalOf(error, isUnderWay) ?? cut(codeOf(error)));
    // Also after the end: an error that nobody listens to would end the process.
    connection.on('error', failed);
    connection.once('end', () => end(cut('connection-lost')));
    const send = () =>
      connection.send({ from: mail.from, to: [mail.to] }, message, (error) =>
        error ? failed(error) : end({ kind: 'accepted' }),
      );
    connection.connect((error) => {
      if (error) return failed(error);
      if (credentials === undefined) return send();
      return connection.login({ credentials }, (refused) => (refused ? failed(refused) : send()));
    });
  });
}

interface SmtpError {
  readonly code?: string;
  readonly command?: string;
  readonly response?: string;
  readonly responseCode?: number;
}

/** The server's own no; undefined where the dialogue broke off. */
function refusalOf(error: unknown, isUnderWay: boolean): MailAnswer | undefined {
  const { code, command = '', response = '', responseCode } = error as SmtpError;
  if (responseCode === undefined || responseCode < 400) return undefined;
  // Once the mail is out, only an answer to it counts: another one may have crossed it.
  if (isUnderWay && code !== 'EMESSAGE') return undefined;
  const enhanced = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1];
  return {
    ...{ kind: 'refused', code: responseCode, command },
    ...(enhanced !== undefined && { enhanced }),
  };
}

/** `ECONNECTION` and so on; never the text, which may hold an address. */
function codeOf(error: unknown): string {
  const { code } = error as SmtpError;
  return (code ?? 'connection-lost').toLowerCase();
}
