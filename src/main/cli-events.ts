import type { Command } from 'commander';
import { connect, exitCodes, json, type Shown, show } from './cli-calls.js';
import { textTable } from './text-table.js';

interface DeadEventsBody {
  readonly data: readonly Readonly<
    Record<'eventId' | 'sink' | 'type' | 'reason' | 'deadAt', string> & Record<'attempts', number>
  >[];
}

/** Adds `events dead` and `events redeliver`. */
export function addEventCommands(program: Command): void {
  const group = program
    .command('events')
    .summary('events that a sink did not take: dead, redeliver');

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

function deadText({ data }: DeadEventsBody): string {
  const rows = data.map(({ eventId, sink, type, attempts, reason, deadAt }) => [
    ...[eventId, type, sink, `${attempts}`, deadAt, reason],
  ]);
  return textTable(['event', 'type', 'sink', 'attempts', 'dead since', 'reason'], rows);
}
