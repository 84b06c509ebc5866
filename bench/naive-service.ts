// The service that is written first: save, charge, save. It is what the headline compares with.
import Fastify from 'fastify';
import { nanoid } from 'nanoid';
import postgres from 'postgres';

const [databaseUrl = '', providerUrl = '', port = ''] = process.argv.slice(2);
const sql = postgres(databaseUrl, { max: 10, onnotice: () => undefined });
await sql`create table if not exists purchase (
  id bigserial primary key, wanted text not null, state text not null)`;

const app = Fastify();
app.get('/livez', async () => ({}));
app.post<{ Body: { wanted: string; amount: number; currency: string } }>(
  '/purchases',
  async ({ body: { wanted, amount, currency } }, reply) => {
    const [row] = await sql<{ id: string }[]>`
      insert into purchase (wanted, state) values (${wanted}, 'pending') returning id`;
    const state = await charge(wanted, amount, currency).catch(() => 'failed');
    await sql`update purchase set state = ${state} where id = ${row?.id ?? null}`;
    return reply.code(state === 'paid' ? 201 : 502).send({ state });
  },
);
await app.listen({ host: '127.0.0.1', port: Number(port) });

async function charge(wanted: string, amount: number, currency: string): Promise<string> {
  const answer = await fetch(`${providerUrl}/charges`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': nanoid() },
    body: JSON.stringify({ reference: `${wanted}:${nanoid()}`, amount, currency, capture: true }),
    signal: AbortSignal.timeout(10_000),
  });
  return answer.ok ? 'paid' : 'failed';
}
