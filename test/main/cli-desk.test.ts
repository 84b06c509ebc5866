import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEvents, createFindings } from '../../src/ledger/index.js';
import { aGateway, type TestGateway } from '../gateway/a-gateway.js';
import { commandLine } from '../support/command-line.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await aGateway();
  await gateway.world.work();
});
afterAll(() => gateway.stop());

async function holdfast(args: readonly string[], person = 'ada') {
  const token = await gateway.issuer.token('operator', person, gateway.world.tenant);
  return commandLine(args, { url: gateway.url, token });
}

test('books what two people ask for to correct a finding', async () => {
  const { world } = gateway;
  const account = await world.account(100_00);
  const { see } = createFindings(world.database.database);
  const found = { kind: 'unknown-charge', subject: 'ch_1', reference: 'ch_1', evidence: {} };
  await see('sweep-1', ['ch_1'], [found], 60_000);
  const [row] = (await gateway.send('GET', '/v1/findings')).body.data;
  const correct = ['reconcile', '--correct', `${row?.id}`, '--account', account];
  const asked = [...correct, '--amount', '1250', '--currency', 'EUR', '--reason', 'charged twice'];

  const both = await holdfast([...asked, '--credit', '--debit']);
  const neither = await holdfast(asked);
  const first = await holdfast([...asked, '--debit']);
  const shown = await holdfast(['reconcile']);
  const second = await holdfast([...asked, '--debit', '--json'], 'bob');
  const other = await holdfast([...asked, '--credit'], 'eve');

  expect([both, neither, first, second, other].map(({ code }) => code)).toEqual([2, 1, 0, 0, 1]);
  expect(neither.err).toContain('direction');
  const proposal = `debit ${account} 12.50 EUR by ada, not booked yet`;
  expect([first.out, shown.out].map((out) => out.includes(proposal))).toEqual([true, true]);
  expect(JSON.parse(second.out)).toMatchObject({ state: 'resolved', correction: { amount: 1250 } });
  expect(other.err).toContain('invalid-state');
  expect(await world.available(account)).toBe(87_50);
});

test('lists the sinks, and retires one that no relay takes from', async () => {
  await createEvents(gateway.world.database.database, 'crm').open();

  const shown = await holdfast(['events', 'sinks']);
  const gone = await holdfast(['events', 'retire', 'crm', '--reason', 'we left them']);
  const again = await holdfast(['events', 'retire', 'crm', '--reason', 'we left them']);
  const silent = await holdfast(['events', 'retire', 'crm']);

  expect(shown.out).toMatch(/^sink +owed +oldest +dead\ncrm +\d+ +\d+ s +0$/m);
  expect([shown, gone, again, silent].map(({ code }) => code)).toEqual([0, 0, 1, 2]);
  expect(gone.out).toBe('0 events are owed to it no more, and it is gone\n');
  expect(again.err).toContain('sink-unknown');
});
