import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../../../src/servers/child.js';
import { freePort } from '../../../src/servers/index.js';
import { goTool } from '../go-tool.js';
import { awsCredentials, type S3Server } from '../s3-server.js';

/** A real S3 server over a folder, built once with Go, pinned by the go.sum beside this file. */
export async function startVersitygw(): Promise<S3Server> {
  const command = await goTool({
    ...{ name: 'versitygw', version: 'v1.8.0' },
    package: 'github.com/versity/versitygw/cmd/versitygw',
    ...{ module: import.meta.url, takes: 'two to five minutes' },
  });
  const store = await mkdtemp(join(tmpdir(), 'holdfast-versitygw-'));
  const folders = { objects: join(store, 'objects'), sidecar: join(store, 'sidecar') };
  await mkdir(join(folders.objects, 'files'), { recursive: true });
  await mkdir(folders.sidecar);
  const port = await freePort();
  const child = await startChild({
    command,
    args: [
      ...['--port', `127.0.0.1:${port}`, '--access', awsCredentials.AWS_ACCESS_KEY_ID],
      ...['--secret', awsCredentials.AWS_SECRET_ACCESS_KEY, '--keep-alive'],
      // Not every file system of a machine that tests has extended attributes.
      ...['posix', '--sidecar', folders.sidecar, folders.objects],
    ],
    ...{ stopSignal: 'SIGTERM', removeIfOrphaned: store },
  });
  if (await child.says('Admin/S3 service listening')) {
    return {
      ...{ endpoint: `http://127.0.0.1:${port}`, bucket: 'files' },
      async stop() {
        await child.stop();
        await rm(store, { recursive: true, force: true });
      },
    };
  }
  await rm(store, { recursive: true, force: true });
  throw new Error(`versitygw did not start:\n${child.tail()}`);
}
