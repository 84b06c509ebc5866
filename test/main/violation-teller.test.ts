import { expect, test } from 'vitest';
import { createViolationTeller } from '../../src/main/violation-teller.js';
import { createLog, createMetrics } from '../../src/telemetry/index.js';

const name = 'step-sums-to-zero';
const seen = (count: number) => ({ name, rule: '', count, sample: [] }) as const;

test('shows what was broken for longer than a look, and no more once that is over', async () => {
  const lines: string[] = [];
  const log = createLog({
    ...{ service: 'test', level: 'info' },
    destination: { write: (line: string) => void lines.push(line) },
  });
  const metrics = createMetrics({ service: 'test' });
  let at = 0;
  const tell = createViolationTeller(log, metrics, () => at);
  const shown = async () => {
    const [, value] =
      new RegExp(`^invariant_violations\\{.*${name}.*\\} (\\d+)$`, 'm').exec(
        await metrics.text(),
      ) ?? [];
    return value;
  };
  const told: unknown[] = [];
  for (const [moment, violations] of [
    [0, []],
    [1_000, [seen(3)]],
    [31_000, []],
    [61_000, [seen(5)]],
    [91_000, [seen(1)]],
    [182_000, []],
  ] as const) {
    at = moment;
    tell(violations);
    told.push(await shown());
  }

  expect(told).toEqual(['0', '3', '3', '5', '5', '0']);
  expect(lines).toHaveLength(3);
});
