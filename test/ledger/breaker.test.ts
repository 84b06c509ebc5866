import { describe, expect, test } from 'vitest';
import type { Database } from '../../src/database/index.js';
import { breakerProfiles } from '../../src/domain/index.js';
import type { BreakerNotice } from '../../src/providers/breaker.js';
import { createBreakerDesk } from '../../src/ledger/index.js';
import { breakersByHand, keyOfShare } from '../support/breakers.js';
import { eventually } from '../support/eventually.js';

const here = breakersByHand();
const early = keyOfShare(0, 0.1);
const middle = keyOfShare(0.1, 0.5);
const late = keyOfShare(0.5, 1);
const admitted = { kind: 'admitted' };
const turns = ({ notices }: { readonly notices: readonly BreakerNotice[] }) =>
  notices.flatMap((notice) => (notice.kind === 'turned' ? [notice.event] : []));
const openFor = (retryAfterMs: number) => ({ kind: 'open', retryAfterMs });

describe('a breaker that workers share', () => {
  test('opens for all within a second of the third failure, each seen by another', async () => {
    const shared = here.aSharedProvider();
    const workers = [shared.worker(), shared.worker(), shared.worker()];
    for (const worker of workers) expect(await worker.admit(late)).toEqual(admitted);

    for (const worker of workers) await worker.tell('F');
    await here.pass(1_000);

    for (const worker of [...workers, shared.worker()]) {
      expect(await worker.admit(early)).toEqual(openFor(59_000));
    }
    expect(await shared.events()).toEqual(['breaker.opened']);
    const { provider } = shared;
    for (const { notices } of workers) {
      expect(notices[0]).toEqual({ kind: 'seen', provider, mode: 'closed' });
      expect(notices).toContainEqual({ kind: 'seen', provider, mode: 'open' });
    }
    expect(workers.flatMap(turns)).toEqual(['breaker.opened']);
  });

  test('counts anew after a success on a worker that saw no failure', async () => {
    const shared = here.aSharedProvider();
    const [one, two, three] = [shared.worker(), shared.worker(), shared.worker()] as const;
    await one.tell('F');
    await two.tell('F');

    await three.tell('S');
    await one.tell('F');
    expect(await shared.row()).toMatchObject({ state: { mode: 'closed', failuresInRow: 1 } });
    await two.tell('FF');

    expect(await shared.events()).toEqual(['breaker.opened']);
  });

  test('opens once when 32 workers report a failure at once', async () => {
    const shared = here.aSharedProvider();
    const workers = Array.from({ length: 32 }, () => shared.worker());

    await Promise.all(workers.map((worker) => worker.tell('F')));

    expect(await shared.row()).toMatchObject({ epoch: 3, state: { mode: 'open' } });
    expect(await shared.events()).toEqual(['breaker.opened']);
    expect(workers.flatMap(turns)).toEqual(['breaker.opened']);
  });

  test('loses no failure of 32 that are reported at once', async () => {
    const shared = here.aSharedProvider({ ...breakerProfiles.objects, failuresInRow: 33 });
    const workers = Array.from({ length: 32 }, () => shared.worker());

    await Promise.all(workers.map((worker) => worker.tell('F')));

    expect(await shared.row()).toMatchObject({ epoch: 32, state: { failuresInRow: 32 } });
    await shared.worker().tell('F');
    expect(await shared.events()).toEqual(['breaker.opened']);
  });

  test('takes what one worker reports at once as one statement', async () => {
    const shared = here.aSharedProvider({ ...breakerProfiles.objects, failuresInRow: 100 });
    const worker = shared.worker();

    await worker.tell('F'.repeat(50));

    expect(await shared.row()).toMatchObject({ epoch: 1, state: { failuresInRow: 50 } });
    expect(worker.statements).toEqual(['ledger.breaker_read_v1', 'ledger.breaker_report_v1']);
  });

  test('weighs failures against the successes that cost no statement', async () => {
    const third = here.aSharedProvider();
    const half = here.aSharedProvider();

    await third.worker().tell('FSS'.repeat(10));
    await half.worker().tell('FS'.repeat(10));

    expect(await third.row()).toMatchObject({ state: { mode: 'closed' } });
    expect(await half.row()).toMatchObject({ state: { mode: 'open' } });
  });
});

test('a read that a write overtook is not believed', async () => {
  const shared = here.aSharedProvider({ ...breakerProfiles.objects, failuresInRow: 1 });
  const { database } = here.test();
  const gates: Record<string, () => void> = {};
  const gate = (name: string) => new Promise<void>((resolve) => (gates[name] = resolve));
  const readAnswers: string[] = [];
  const call: Database['call'] = async (verb, ...args) => {
    const isRead = verb.includes('read');
    if (!isRead) await gate('write');
    const answer = await database.call<never>(verb, ...args);
    if (isRead && readAnswers.push(verb) === 2) await gate('read');
    return answer;
  };
  const worker = shared.worker({ ...database, call });
  await worker.admit(early);

  worker.breaker.report('failure', 1);
  await eventually(() => expect(gates).toHaveProperty('write'));
  await here.pass(1_000);
  const asked = worker.admit(early);
  await eventually(() => expect(gates).toHaveProperty('read'));
  gates.write?.();
  await worker.settled();
  gates.read?.();

  expect(await asked).toMatchObject({ kind: 'open' });
});

describe('a healthy provider', () => {
  test('costs a read a second, and no statement per payment', async () => {
    const shared = here.aSharedProvider();
    const worker = shared.worker();
    const payments = async (count: number) => {
      for (let n = 0; n < count; n += 1) {
        expect(await worker.admit(`op_${n}:charge.1:1`)).toEqual(admitted);
        await worker.tell('S');
      }
    };

    await payments(100);
    expect(worker.statements).toEqual(['ledger.breaker_read_v1']);
    await here.pass(999);
    await payments(100);
    expect(worker.statements).toHaveLength(1);
    await here.pass(1);
    await payments(100);

    expect(worker.statements).toEqual(['ledger.breaker_read_v1', 'ledger.breaker_read_v1']);
    expect(await shared.row()).toBeUndefined();
  });

  test('is read once for many who ask at once', async () => {
    const worker = here.aSharedProvider().worker();

    await Promise.all(Array.from({ length: 50 }, (_, n) => worker.admit(`key ${n}`)));

    expect(worker.statements).toHaveLength(1);
  });

  test('is left alone while nobody calls it', async () => {
    const worker = here.aSharedProvider().worker();
    await worker.admit(early);

    await here.pass(3_600_000);

    expect(worker.statements).toHaveLength(1);
  });
});

describe('recovery', () => {
  test('lets out a tenth at 60 s, half at 90 s and all at 120 s', async () => {
    const shared = here.aSharedProvider();
    const worker = shared.worker();
    const asked = async () => {
      const answers = await Promise.all([early, middle, late].map((key) => worker.admit(key)));
      await worker.settled();
      return answers;
    };
    await worker.tell('FFF');

    expect(await asked()).toEqual([openFor(60_000), openFor(90_000), openFor(120_000)]);
    await here.pass(59_999);
    expect(await asked()).toEqual([openFor(1), openFor(30_001), openFor(60_001)]);
    await here.pass(1);
    expect(await asked()).toEqual([admitted, openFor(30_000), openFor(60_000)]);
    await here.pass(29_999);
    expect(await asked()).toEqual([admitted, openFor(1), openFor(30_001)]);
    await here.pass(1);
    expect(await asked()).toEqual([admitted, admitted, openFor(30_000)]);
    await here.pass(29_999);
    expect(await asked()).toEqual([admitted, admitted, openFor(1)]);
    await here.pass(1);
    expect(await asked()).toEqual([admitted, admitted, admitted]);

    expect(await shared.events()).toEqual([
      'breaker.opened',
      'breaker.recovering',
      'breaker.closed',
    ]);
  });

  test.each([60_000, 89_999, 90_000, 119_999])(
    'ends for the full time by one failure %i ms after it opened',
    async (ms) => {
      const shared = here.aSharedProvider();
      const [one, two] = [shared.worker(), shared.worker()] as const;
      await one.tell('FFF');
      await here.pass(ms);
      expect(await two.admit(early)).toEqual(admitted);

      await two.tell('F');

      expect(await two.admit(early)).toEqual(openFor(60_000));
      await here.pass(1_000);
      expect(await one.admit(early)).toEqual(openFor(59_000));
      expect(await shared.events()).toEqual([
        'breaker.opened',
        'breaker.recovering',
        'breaker.opened',
      ]);
    },
  );

  test('is written down once when 32 workers see its time come', async () => {
    const shared = here.aSharedProvider();
    const workers = Array.from({ length: 32 }, () => shared.worker());
    await shared.worker().tell('FFF');
    await here.pass(60_000);

    await Promise.all(workers.map((worker) => worker.admit(early)));
    await Promise.all(workers.map((worker) => worker.settled()));

    expect(await shared.events()).toEqual(['breaker.opened', 'breaker.recovering']);
  });

  test('costs no statement for a probe that goes well', async () => {
    const shared = here.aSharedProvider();
    const worker = shared.worker();
    await worker.tell('FFF');
    await here.pass(60_000);
    await worker.admit(early);
    await worker.settled();
    const before = worker.statements.length;

    await worker.tell('SSSSS');

    expect(worker.statements).toHaveLength(before);
  });
});

describe('an operator', () => {
  const desk = () => createBreakerDesk(here.test().database);

  test('lets nothing out, however long, and whatever is reported, until it is reset', async () => {
    const shared = here.aSharedProvider();
    const worker = shared.worker();
    await worker.admit(early);

    await desk().operate(shared.provider, 'isolate', 'olga', 'an outage');
    await here.pass(3_600_000);
    await worker.tell('SFFFS');
    expect(await worker.admit(early)).toEqual(openFor(60_000));
    await desk().operate(shared.provider, 'reset', 'olga', 'it is over');
    await here.pass(1_000);

    expect(await worker.admit(late)).toEqual(admitted);
    expect(await shared.events()).toEqual(['breaker.isolated', 'breaker.reset']);
  });

  test('is heard among 32 failures at once', async () => {
    const shared = here.aSharedProvider({ ...breakerProfiles.objects, failuresInRow: 33 });
    const workers = Array.from({ length: 32 }, () => shared.worker());

    await Promise.all([
      ...workers.map((worker) => worker.tell('F')),
      desk().operate(shared.provider, 'isolate', 'olga', 'an outage'),
    ]);

    expect(await shared.row()).toMatchObject({ state: { mode: 'isolated' } });
    expect(await shared.events()).toEqual(['breaker.isolated']);
  });
});
