import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import type { FaultName, SandboxFault } from '../sandbox/fault-rule.js';
import type { SandboxDeps } from './struck-route.js';

interface MailServer {
  readonly port: number;
  close(): Promise<void>;
}

const sizeMax = 256 * 1024;
const hangs: readonly (FaultName | undefined)[] = ['timeout-before', 'timeout-after'];
const before: readonly (FaultName | undefined)[] = ['timeout-before', 'reset-before'];
const after: readonly (FaultName | undefined)[] = ['timeout-after', 'reset-after'];

/**
 * A mail server that takes whatever is sent. Faults (path `/smtp`): decline with `declineCode` as
 * the reply's code, rate-limit and down (451), slow; timeout and reset, before and after keeping.
 */
export async function startMailServer(
  deps: SandboxDeps & { readonly port: number; readonly host: string },
): Promise<MailServer> {
  const { ledger, faults, closing, onLog } = deps;
  const struck = new WeakMap<object, SandboxFault>();
  const sockets = new Map<number, Socket>();

  const server = new SMTPServer({
    ...{ disabledCommands: ['AUTH', 'STARTTLS'], size: sizeMax, closeTimeout: 100 },
    onRcptTo({ address }, session, answer) {
      const fault = faults.strike({ method: 'SMTP', path: '/smtp', reference: address });
      if (fault !== undefined) {
        onLog({ level: 'info', message: 'misbehaving', method: 'SMTP', fault: fault.fault });
        struck.set(session, fault);
      }
      answer(refusalOf(fault));
    },
    async onData(stream, session, answer) {
      const mail = await text(stream);
      const fault = struck.get(session);
      if (fault?.fault === 'slow') {
        const waited = delay(fault.delayMs ?? 1_000, undefined, { signal: closing });
        await waited.catch(() => undefined);
      }
      if (!before.includes(fault?.fault)) {
        const [to] = session.envelope.rcptTo;
        const deliveryId = headerOf(mail, 'X-Delivery-Id');
        const id = headerOf(mail, 'Message-ID');
        await ledger.deliver({
          ...{ channel: 'email', id, deliveryId, to: to?.address ?? '', text: mail },
          subject: headerOf(mail, 'Subject'),
        });
      }
      if (hangs.includes(fault?.fault)) return;
      if (before.includes(fault?.fault) || after.includes(fault?.fault)) {
        sockets.get(session.remotePort)?.destroy();
        return;
      }
      answer(null, 'kept');
    },
  });
  // A client that goes away in the middle is no reason to end.
  server.on('error', (error) => onLog({ level: 'error', message: 'mail', code: error.name }));

  server.server.on('connection', (socket: Socket) => {
    const { remotePort = 0 } = socket;
    sockets.set(remotePort, socket);
    socket.once('close', () => sockets.delete(remotePort));
  });
  server.listen(deps.port, deps.host);
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

function refusalOf(fault: SandboxFault | undefined): Error | null {
  const { fault: name, declineCode = '550' } = fault ?? {};
  if (name === 'decline') return reply(Number(declineCode), 'no such mailbox here');
  return name === 'rate-limit' || name === 'down' ? reply(451, 'try again later') : null;
}

function reply(responseCode: number, words: string): Error {
  return Object.assign(new Error(words), { responseCode });
}

function headerOf(mail: string, name: string): string {
  return new RegExp(`^${name}: (.*)$`, 'im').exec(mail)?.[1]?.trim() ?? '';
}
