import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

type Stage = 'greeting' | 'EHLO' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'message' | 'QUIT';

const usual: Readonly<Record<Stage, string>> = {
  greeting: '220 here',
  EHLO: '250 here',
  AUTH: '235 welcome',
  MAIL: '250 ok',
  RCPT: '250 ok',
  DATA: '354 go on',
  message: '250 kept',
  QUIT: '221 bye',
};

/** A mail server that says what it is told to at each stage, and hangs up where that is `cut`. */
export async function aMailServer(answers: Partial<Record<Stage, string>> = {}) {
  const mails: string[] = [];
  const said: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const answer = (stage: Stage) => {
      const words = { ...usual, ...answers }[stage] ?? '502 no such command';
      if (words === 'cut') socket.destroy();
      else socket.write(`${words.split('\n').join('\r\n')}\r\n`);
    };
    let mail: string[] | undefined;
    answer('greeting');
    createInterface({ input: socket }).on('line', (line) => {
      if (mail !== undefined && line !== '.') return void mail.push(line);
      if (mail !== undefined) {
        mails.push(mail.join('\n'));
        mail = undefined;
        return answer('message');
      }
      said.push(line);
      const stage = line.split(' ')[0] as Stage;
      if (stage === 'DATA' && answers.DATA === undefined) mail = [];
      return answer(stage);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { mails, said, server: { host: '127.0.0.1', port, secure: false, requireTLS: false } };
}
