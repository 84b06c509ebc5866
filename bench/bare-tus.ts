// @tus/server as its documentation sets it up, before the store that Holdfast writes to: no
// accounts, no ledger, no second gateway, and what it knows of uploads is gone when it ends.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DataStore, Server, Upload } from '@tus/server';
import { openObjectStore } from '../src/objects/index.js';

const [folder = ''] = process.argv.slice(2);
const objects = await openObjectStore({ kind: 'file', folder });
const uploads = new Map<string, Upload>();

class BareStore extends DataStore {
  override readonly extensions = ['creation'];

  override async create(upload: Upload): Promise<Upload> {
    uploads.set(upload.id, upload);
    return upload;
  }

  override async getUpload(id: string): Promise<Upload> {
    const upload = uploads.get(id);
    if (upload === undefined) throw new Error(`no upload ${id}`);
    return Object.assign(Object.create(Upload.prototype), upload) as Upload;
  }

  override async write(
    bytes: AsyncIterable<Uint8Array>,
    id: string,
    offset: number,
  ): Promise<number> {
    const { size } = await objects.put(`parts/${id}/${offset}`, bytes, Number.MAX_SAFE_INTEGER);
    const upload = uploads.get(id);
    if (upload !== undefined) upload.offset = offset + size;
    return offset + size;
  }
}

const tus = new Server({ path: '/v1/uploads', datastore: new BareStore(), relativeLocation: true });
const server = createServer((request, response) => void tus.handle(request, response));
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
