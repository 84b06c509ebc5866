import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isIdemKey } from '../../domain/index.js';
import { type Misbehaving, underFaults } from './money-routes.js';
import { sendProblem } from './problems.js';

// Any service outside, as far as keyed calls go: a warehouse, a carrier, whatever an operation is
// made against before the real one is there. It takes every kind, and remembers by key.

/** Something that a service did, or refused to do, for good. */
export interface Deed {
  readonly id: string;
  readonly service: string;
  readonly kind: string;
  readonly reference: string;
  readonly status: 'confirmed' | 'declined';
  readonly declineCode?: string;
  /** All that was asked, as it came: another under the same key is refused. */
  readonly asked: string;
}

/** The services' own ledger. */
interface Deeds {
  readonly done: readonly Deed[];
  write(deed: Deed): Promise<void>;
  close(): Promise<void>;
}

/** Where the services keep their ledger, beside that of the money. */
export function servicesFile(file: string): string {
  return `${file}.services`;
}

/** Every deed in a file; none when it is missing. A torn last line was never told to anybody. */
export async function readDeeds(file: string): Promise<Deed[]> {
  if (!existsSync(file)) return [];
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Deed);
}

/** Opens the ledger to go on: a deed is on the disk before it is told. */
export async function openDeeds(file: string): Promise<Deeds> {
  const done = await readDeeds(file);
  const handle = await open(file, 'a');
  let last = Promise.resolve();
  return {
    done,
    write: (deed) => {
      done.push(deed);
      last = last.then(async () => {
        await handle.appendFile(`${JSON.stringify(deed)}\n`);
        await handle.datasync();
      });
      return last;
    },
    close: async () => {
      await last;
      await handle.close();
    },
  };
}

/** `POST /services/S/KIND`, `GET /services/S/KIND?reference=` and `POST /services/S/fences`. */
export function serviceRoutes(app: FastifyInstance, deeds: Deeds, misbehaving: Misbehaving): void {
  const fenced = new Set<string>();
  const standing = (reference: unknown) =>
    deeds.done.filter((deed) => deed.reference === reference);

  app.post(
    '/services/:service/fences',
    underFaults((request) => {
      const { reference } = bodyOf(request);
      const data = standing(reference);
      if (data.length === 0) fenced.add(String(reference));
      return { status: 201, body: { reference, fenced: true, data } };
    }, misbehaving),
  );
  app.get(
    '/services/:service/:kind',
    underFaults((request) => {
      const { reference } = request.query as { readonly reference?: unknown };
      return { status: 200, body: { data: standing(reference) } };
    }, misbehaving),
  );
  app.post(
    '/services/:service/:kind',
    underFaults(async (request, reply, { declineCode, forgetsKey }) => {
      const key = request.headers['idempotency-key'];
      const { reference } = bodyOf(request);
      if (!isIdemKey(key) || key !== reference) return refuse(reply, 400, 'body-invalid');
      const asked = JSON.stringify(request.body);
      const known = forgetsKey ? undefined : standing(reference)[0];
      if (known !== undefined) {
        return known.asked === asked
          ? { status: 201, body: known }
          : refuse(reply, 409, 'idempotency-key-reused');
      }
      if (fenced.has(reference)) return refuse(reply, 409, 'reference-fenced');
      const { service, kind } = request.params as { service: string; kind: string };
      const id = `${kind}_${deeds.done.length + 1}`;
      const deed: Deed = {
        ...{ id, service, kind, reference, asked },
        ...(declineCode === undefined
          ? { status: 'confirmed' as const }
          : { status: 'declined' as const, declineCode }),
      };
      await deeds.write(deed);
      return { status: 201, body: deed };
    }, misbehaving),
  );
}

function refuse(reply: FastifyReply, status: number, code: Parameters<typeof sendProblem>[2]) {
  sendProblem(reply, status, code);
  return undefined;
}

function bodyOf({ body }: FastifyRequest): { readonly reference?: unknown } {
  return typeof body === 'object' && body !== null ? body : {};
}
