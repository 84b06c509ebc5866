import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  createLog,
  type LogOptions,
  startTracing,
  temporalLogger,
} from '../../src/telemetry/index.js';

function aLog(level: LogOptions['level'] = 'trace') {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  const log = createLog({ service: 'holdfast-test', level, destination });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') };
}

describe('log', () => {
  test('writes the moment, the level as a word, the service, what is known and the message', () => {
    const { log, lines, last } = aLog();

    log.child({ module: 'gateway' }).info({ requestId: 'r1', tenant: 't1', userId: 'u1' }, 'held');

    expect(lines).toHaveLength(1);
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      service: 'holdfast-test',
      pid: process.pid,
      module: 'gateway',
      requestId: 'r1',
      tenant: 't1',
      userId: 'u1',
      message: 'held',
    });
  });

  test('writes nothing below its level', () => {
    const { log, lines } = aLog('warn');

    log.info('no');
    log.warn('yes');

    expect(lines).toHaveLength(1);
  });

  test('writes an error with stack and causes on one line, and none of its other fields', () => {
    const { log, lines, last } = aLog();
    const cause = Object.assign(new Error('no route to db'), { parameters: ['flowers'] });
    const error = Object.assign(new RangeError('cannot hold', { cause }), {
      code: '08006',
      query: 'select flowers',
    });

    log.error({ err: error, error: 'not an error' }, 'failed');

    expect(lines[0]?.match(/\n/g)).toHaveLength(1);
    expect(lines[0]).not.toContain('flowers');
    expect(last()).toMatchObject({ error: 'not an error', message: 'failed' });
    expect(last().err).toEqual({
      type: 'RangeError',
      code: '08006',
      message: 'cannot hold',
      stack: expect.stringMatching(
        /^RangeError: cannot hold\n.*caused by: Error: no route to db\n/s,
      ),
    });
  });

  test('hides secrets in fields, children, messages, errors and causes', () => {
    const { log, lines } = aLog();
    const cause = new Error('refused postgres://worker:hunter2@db/holdfast');

    log
      .child({ authorization: 'hunter2' })
      .error(
        { headers: { cookie: 'hunter2' }, err: new Error('Bearer hunter2hunter2', { cause }) },
        'password=hunter2 and card %s',
        '4111111111111111',
      );

    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/hunter2|4111/);
  });

  test('survives fields that JSON cannot say', () => {
    const { log, last } = aLog();
    const circle: Record<string, unknown> = { big: 12n, nothing: undefined, nan: Number.NaN };
    circle.self = circle;

    log.info({ circle }, 'odd');

    expect(last()).toMatchObject({ message: 'odd', circle: { big: 12, nan: null } });
  });

  test('carries the trace id of the work going on', () => {
    const { log, last } = aLog();
    const request = startTracing({ service: 'holdfast-test' }).startRequest({ name: 'POST' });

    request.run(() => log.info('inside'));
    expect(last().traceId).toBe(request.traceId);

    log.info('outside');
    expect(last()).not.toHaveProperty('traceId');
  });

  test("puts Temporal's lines in our words", () => {
    const { log, lines, last } = aLog('debug');

    temporalLogger(log).log('WARN', 'slow', {
      sdkComponent: 'worker',
      workflowId: 'op_1',
      runId: 'run',
      trace_id: 'a'.repeat(32),
      span_id: 'b'.repeat(16),
      taskToken: 'hunter2',
      [Symbol('log_timestamp')]: 1n,
    });
    temporalLogger(log).trace('too fine');

    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({
      level: 'warn',
      module: 'temporal/worker',
      opId: 'op_1',
      traceId: 'a'.repeat(32),
      taskToken: '[masked]',
      message: 'slow',
    });
    expect(last()).not.toHaveProperty('span_id');
  });

  test.each([
    ['is asked to exit', 'process.exit(3)', 3],
    ['throws', 'throw new Error("bug")', 1],
  ])('writes the last line when the process %s', (_, end, status) => {
    const log = new URL('../../src/telemetry/log.ts', import.meta.url).href;
    const code = `import(${JSON.stringify(log)}).then(({ createLog }) => {
      const log = createLog({ service: 'child', level: 'info' });
      for (let line = 1; line <= 200; line += 1) log.info({ line }, 'x'.repeat(200));
      queueMicrotask(() => { ${end} });
    })`;

    const child = spawnSync(process.execPath, ['--import', 'tsx', '--eval', code], {
      encoding: 'utf8',
    });
    expect(child.status).toBe(status);
    const lines = child.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).line);
    expect(lines).toEqual(Array.from({ length: 200 }, (_one, index) => index + 1));
  });

  test('goes on when nobody reads its lines, and tells how many it gave up', async () => {
    const log = new URL('../../src/telemetry/log.ts', import.meta.url).href;
    const code = `import(${JSON.stringify(log)}).then(({ createLog }) => {
      let dropped = 0;
      const onDropped = () => { dropped += 1; };
      const log = createLog({ service: 'child', level: 'info', onDropped });
      for (let line = 1; line <= 10_000; line += 1) log.info({ line }, 'x'.repeat(200));
      process.stderr.write('dropped ' + dropped + '\\n');
      setInterval(() => {}, 1_000);
    })`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--eval', code]);

    const [said] = await once(child.stderr, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(Number(/^dropped (\d+)\n$/.exec(String(said))?.[1])).toBeGreaterThan(1_000);
  });
});
