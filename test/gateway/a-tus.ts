import { createHash } from 'node:crypto';
import type { OpId } from '../../src/domain/index.js';
import type { Answer, AnswerBody, Sent, TestGateway } from './a-gateway.js';

/** Somebody who speaks tus to a gateway, byte for byte as the protocol has it. */
export interface Tus {
  /** An account in BYTE with so much room. */
  quota(bytes: number, owner?: string): Promise<string>;
  /** Asks for room, for the account that is named. */
  create(size: number, metadata: Readonly<Record<string, string>>, sent?: TusSent): Promise<Answer>;
  /** The same, where it has to be given. */
  begun(size: number, metadata: Readonly<Record<string, string>>): Promise<OpId>;
  patch(opId: string, offset: number, bytes: Uint8Array, sent?: TusSent): Promise<Answer>;
  /** What HEAD says is kept, or its status where that is not 200. */
  offset(opId: string, sent?: TusSent): Promise<number>;
  upload(opId: string): Promise<UploadView>;
  /** The keys of the parts of an upload that lie in the store. */
  parts(opId: string): Promise<readonly string[]>;
}

export interface UploadView {
  readonly received: number;
  readonly size: number;
  readonly stage: string;
  readonly version: number;
}

export type TusSent = Sent & { readonly at?: string; readonly bytes?: Uint8Array };

const version = { 'tus-resumable': '1.0.0' };
const octets = { 'content-type': 'application/offset+octet-stream' };

export function aTus(gateway: TestGateway): Tus {
  const { world, objects, send } = gateway;
  const create: Tus['create'] = (size, metadata, { bytes, headers, ...sent } = {}) =>
    send('POST', '/v1/uploads', {
      ...sent,
      headers: {
        ...{ ...version, 'upload-length': `${size}` },
        ...(Object.keys(metadata).length > 0 && { 'upload-metadata': encoded(metadata) }),
        ...(bytes !== undefined && octets),
        ...headers,
      },
      ...(bytes !== undefined && { body: Buffer.from(bytes) }),
    });
  return {
    create,
    quota: (bytes, owner = 'ada') => world.account(bytes, { currency: 'BYTE', owner }),
    begun: async (size, metadata) => {
      const { status, headers, text } = await create(size, metadata);
      if (status !== 201) throw new Error(`${status} ${text}`);
      return headers.get('location')?.split('/').at(-1) as OpId;
    },
    patch: (opId, offset, bytes, { headers, ...sent } = {}) =>
      send('PATCH', `/v1/uploads/${opId}`, {
        ...{ ...sent, body: Buffer.from(bytes) },
        headers: { ...version, ...octets, 'upload-offset': `${offset}`, ...headers },
      }),
    offset: async (opId, sent = {}) => {
      const { status, headers } = await send('HEAD', `/v1/uploads/${opId}`, {
        ...{ ...sent, headers: { ...version, ...sent.headers } },
      });
      return status === 200 ? Number(headers.get('upload-offset')) : status;
    },
    upload: async (opId) => {
      const { body } = await send('GET', `/v1/operations/${opId}`);
      return (body as AnswerBody & { upload: UploadView }).upload;
    },
    parts: async (opId) => (await objects.list(`parts/${opId}/`)).objects.map(({ key }) => key),
  };
}

export function encoded(metadata: Readonly<Record<string, string>>): string {
  return Object.entries(metadata)
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
    .join(',');
}

/** Bytes that are like no others, the same each time. */
export function someBytes(size: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let state = seed;
  for (let at = 0; at < size; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

export function digestOf(bytes: Uint8Array, algorithm = 'sha256'): string {
  return createHash(algorithm).update(bytes).digest('base64');
}
