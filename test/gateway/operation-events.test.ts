import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aGateway, type TestGateway } from './a-gateway.js';
import { aTus, someBytes, type Tus } from './a-tus.js';

let gateway: TestGateway;
let tus: Tus;

beforeAll(async () => {
  gateway = await aGateway();
  tus = aTus(gateway);
  await gateway.world.work();
});
afterAll(() => gateway.stop());

interface Told {
  readonly id: string;
  readonly event: string;
  readonly data: {
    readonly state: string;
    readonly upload?: { readonly received: number; readonly stage: string };
  };
}

/** What is told of an operation, one after the other, until the gateway ends it or we do. */
async function* eventsOf(opId: string, lastEventId?: string, base = gateway.url) {
  const gone = new AbortController();
  const response = await fetch(`${base}/v1/operations/${opId}/events`, {
    headers: {
      authorization: `Bearer ${await gateway.issuer.token('admin', 'ada', gateway.world.tenant)}`,
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    },
    signal: gone.signal,
  });
  expect([response.status, response.headers.get('content-type')]).toEqual([
    ...[200, 'text/event-stream'],
  ]);
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) {
      const whole = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
      text = whole.pop() ?? '';
      for (const block of whole) if (block.startsWith('id:')) yield told(block);
    }
  } finally {
    gone.abort();
  }
}

function told(block: string): Told {
  const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s)));
  return { ...fields, data: JSON.parse(fields['data']) } as Told;
}

async function next(events: AsyncGenerator<Told>): Promise<Told> {
  const { done, value } = await events.next();
  if (done === true) throw new Error('there are no more events');
  return value;
}

describe('what becomes of an operation, told as it happens', () => {
  test('is how much of an upload is kept, to whoever listens at whichever gateway', async () => {
    const opId = await tus.begun(10, { account: await tus.quota(10) });
    const events = eventsOf(opId, undefined, await gateway.another());

    const first = await next(events);
    await tus.patch(opId, 0, someBytes(4));
    const second = await next(events);
    await events.return(undefined);

    expect([first.event, first.data.upload]).toMatchObject(['operation', { received: 0 }]);
    expect([second.event, second.data.upload]).toMatchObject(['progress', { received: 4 }]);
    expect(second.id).not.toBe(first.id);
  });

  test('goes on behind the event that was seen last', async () => {
    const opId = await tus.begun(10, { account: await tus.quota(10) });
    const before = eventsOf(opId);
    const { id } = await next(before);
    await before.return(undefined);
    await tus.patch(opId, 0, someBytes(4));

    const after = eventsOf(opId, id);
    const missed = await next(after);
    await after.return(undefined);

    expect([missed.event, missed.data.upload]).toMatchObject(['progress', { received: 4 }]);
  });

  test('ends with its end', async () => {
    const opId = await tus.begun(10, { account: await tus.quota(10) });
    const events = eventsOf(opId);
    await next(events);
    await gateway.world.client.withdraw(opId);

    const rest: string[] = [];
    for await (const { data } of events) rest.push(data.state);

    expect(rest.at(-1)).toBe('FAILED');
  });

  test('is told to nobody who may not see it', async () => {
    const opId = await tus.begun(10, { account: await tus.quota(10) });

    const { status, body } = await gateway.send('GET', `/v1/operations/${opId}/events`, {
      ...{ as: 'customer', sub: 'mallory' },
    });

    expect([status, body.code]).toEqual([404, 'operation-unknown']);
  });
});
