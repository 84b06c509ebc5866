import type { Command } from 'commander';
import { connect, exitCodes, json, type Shown, show } from './cli-calls.js';
import { textTable } from './text-table.js';

interface DeadEventsBody {
  readonly data: readonly Readonly<
    Record<'eventId' | 'sink' | 'type' | 'reason' | 'deadAt', string> & Record<'attempts', number>
  >[];
}

interface SinksBody {
  readonly data: readonly Readonly<
    Record<'sink', string> & Record<'waiting' | 'oldestSeconds' | 'dead', number>
  >[];
}

interface RetiredBody {
  readonly events: number;
  readonly left: boolean;
}

/** Adds `events dead`, `redeliver`, `sinks` and `retire`. */
export function addEventCommands(program: Command): void {
  const group = program
    .command('events')
    .summary('sinks, and events that one did not take: dead, redeliver, sinks, retire');
  addEventActs(group);
  addSinkActs(group);
}

function addEventActs(group: Command): void {
  group
    .command('dead')
    .summary('events that a sink is tried with no more, oldest first')
    .option('--sink <name>', 'of this one only')
    .addOption(json())
    .action(async ({ sink, ...asked }: Shown & { sink?: string }) => {
      const api = await connect();
      const of = sink === undefined ? '' : `&sink=${encodeURIComponent(sink)}`;
      const answer = await api.get<DeadEventsBody>(`/v1/events/dead?limit=100${of}`);
      show(answer, asked, deadText, () => exitCodes.ok);
    });

  group
    .command('redeliver')
    .summary('deliver an event again, or all dead ones of a sink')
    .argument('<sink>')
    .argument('[event]', 'its id; all dead ones when left out')
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .addOption(json())
    .action(
      async (
        sink: string,
        eventId: string | undefined,
        { reason, ...asked }: Shown & { reason: string },
      ) => {
        const api = await connect();
        const body = { sink, reason, ...(eventId !== undefined && { eventId }) };
        const answer = await api.post<{ events: number }>('/v1/events/redeliver', body);
        show(
          answer,
          asked,
          ({ events }) => `${events} will be delivered again`,
          () => exitCodes.ok,
        );
      },
    );
}

function addSinkActs(group: Command): void {
  group
    .command('sinks')
    .summary('who takes events, and what each is owed')
    .addOption(json())
    .action(async (asked: Shown) => {
      const api = await connect();
      show(await api.get<SinksBody>('/v1/events/sinks'), asked, sinksText, () => exitCodes.ok);
    });

  group
    .command('retire')
    .summary('forget a sink that was taken out of EVENT_SINKS, and what it is owed')
    .argument('<sink>')
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .addOption(json())
    .action(async (sink: string, { reason, ...asked }: Shown & { reason: string }) => {
      const api = await connect();
      const path = `/v1/events/sinks/${encodeURIComponent(sink)}/retire`;
      show(await api.post<RetiredBody>(path, { reason }), asked, retiredText, ({ left }) =>
        left ? exitCodes.open : exitCodes.ok,
      );
    });
}

function sinksText({ data }: SinksBody): string {
  const rows = data.map(({ sink, waiting, oldestSeconds, dead }) => [
    ...[sink, `${waiting}`, `${Math.round(oldestSeconds)} s`, `${dead}`],
  ]);
  return textTable(['sink', 'owed', 'oldest', 'dead'], rows, ['owed', 'oldest', 'dead']);
}

function retiredText({ events, left }: RetiredBody): string {
  const forgotten = `${events} events are owed to it no more`;
  return left ? `${forgotten}; there are more: do it again` : `${forgotten}, and it is gone`;
}

function deadText({ data }: DeadEventsBody): string {
  const rows = data.map(({ eventId, sink, type, attempts, reason, deadAt }) => [
    ...[eventId, type, sink, `${attempts}`, deadAt, reason],
  ]);
  return textTable(['event', 'type', 'sink', 'attempts', 'dead since', 'reason'], rows);
}
