import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import {
  type Charge,
  type ChargeView,
  createSandboxServer,
  type FaultRule,
  readSandboxLedger,
  type SandboxLogLine,
  type SandboxServerOptions,
} from '../../src/providers/sandbox/index.js';

/** What a test sees of an answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** A sandbox of the test's own, over real HTTP, gone with its file when the test ends. */
export async function aSandbox(options: Partial<SandboxServerOptions> = {}) {
  const file = options.file ?? join(await aFolder(), 'ledger.jsonl');
  const lines: SandboxLogLine[] = [];
  const server = await createSandboxServer({
    port: 0,
    onLog: (line) => lines.push(line),
    ...options,
    file,
  });
  onTestFinished(async () => void (await server.close()));

  async function send(method: string, path: string, body?: unknown, headers = {}): Promise<Answer> {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status, headers: answered } = response;
    return { status, headers: answered, body: text.startsWith('{') ? JSON.parse(text) : { text } };
  }

  return {
    ...server,
    file,
    send,
    charge: (order: object = {}, key = referenceOne) =>
      send('POST', '/charges', { ...anOrder, ...order }, { 'idempotency-key': key }),
    async found(query: string): Promise<ChargeView[]> {
      return (await send('GET', `/charges?${query}`)).body.data as ChargeView[];
    },
    async misbehave(rule: FaultRule): Promise<void> {
      const { status, body } = await send('POST', '/faults', rule);
      if (status !== 201) throw new Error(JSON.stringify(body));
    },
    /** Resolves when a fault has struck: what it does to the ledger is under way by then. */
    struck: () => vi.waitUntil(() => lines.some(({ message }) => message === 'misbehaving')),
    /** Closes the sandbox and gives the charges that its file holds. */
    async written(): Promise<Charge[]> {
      await server.close();
      return chargesIn(file);
    },
  };
}

export const referenceOne = 'op_one:charge.1:1';

export const anOrder = {
  reference: referenceOne,
  amount: 12_50,
  currency: 'USD',
  capture: true,
};

export async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-sandbox-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function chargesIn(file: string): Promise<Charge[]> {
  const entries = await readSandboxLedger(file);
  return entries.flatMap((entry) => (entry.type === 'charge' ? [entry.charge] : []));
}
