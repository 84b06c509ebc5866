import type { Command } from 'commander';
import { type BreakerAct, breakerActs } from '../domain/index.js';
import { connect, exitCodes, json, type Shown, show } from './cli-calls.js';
import { textTable } from './text-table.js';

interface ProviderBody {
  readonly provider: string;
  readonly mode: string;
  readonly turned?: { readonly by: string; readonly at: string; readonly reason?: string };
}

const summaries: Readonly<Record<BreakerAct, string>> = {
  isolate: 'let nothing out to a provider until it is reset; payments wait',
  reset: 'let everything out to a provider again',
};

/** Adds `breaker list` and a command for each turn. */
export function addBreakerCommands(program: Command): void {
  const group = program
    .command('breaker')
    .summary('whether providers are asked: list, isolate, reset');

  group
    .command('list')
    .summary('providers, and whether calls to them go out')
    .addOption(json())
    .action(async (asked: Shown) => {
      const api = await connect();
      const answer = await api.get<{ data: readonly ProviderBody[] }>('/v1/providers');
      show(
        answer,
        asked,
        ({ data }) => providersText(data),
        () => exitCodes.ok,
      );
    });

  for (const act of breakerActs) {
    group
      .command(act)
      .summary(summaries[act])
      .argument('<provider>')
      .requiredOption('--reason <text>', 'why; kept in the audit')
      .addOption(json())
      .action(async (provider: string, { reason, ...asked }: Shown & { reason: string }) => {
        const api = await connect();
        const path = `/v1/providers/${encodeURIComponent(provider)}/breaker/${act}`;
        const answer = await api.post<ProviderBody>(path, { reason });
        show(
          answer,
          asked,
          (body) => providersText([body]),
          () => exitCodes.ok,
        );
      });
  }
}

function providersText(providers: readonly ProviderBody[]): string {
  const rows = providers.map(({ provider, mode, turned }) => [
    ...[provider, mode, turned?.by ?? ''],
    ...[turned?.at ?? '', turned?.reason ?? ''],
  ]);
  return textTable(['provider', 'breaker', 'turned by', 'at', 'reason'], rows);
}
