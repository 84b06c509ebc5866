import { type Command, Option } from 'commander';
import { channels, doubtPolicies } from '../domain/index.js';
import { json } from './cli-calls.js';
import { keyOption, type Started, start, waitOption } from './cli-start.js';

interface NotifyOptions extends Started {
  readonly on: string;
  readonly template: string;
  readonly data: Readonly<Record<string, string>>;
  readonly locale?: string;
  readonly urgent?: boolean;
  readonly onUnknown?: string;
  readonly bizKey?: string;
}

const examples = `
Examples:
  $ npx holdfast notify rcp_7f3a --data subject="Your order" --data text="It is on its way"
  $ npx holdfast notify rcp_7f3a --template ride-cancelled --data reference=ride-9 --on push,sms
  $ npx holdfast notify rcp_7f3a --data subject=Code --data text=471100 --on sms --urgent`;

/** Adds the command that tells somebody something. */
export function addNoticeCommands(program: Command): void {
  program
    .command('notify')
    .summary('tell a recipient something, and wait for the end')
    .description('Tells one registered recipient something, by the first channel that takes it.')
    .argument('<recipient>', 'its id, as PUT /v1/recipients/{id} registered it')
    .option('--on <channels>', `some of ${channels.join(',')}, in their order`, channels.join())
    .option('--template <name>', 'what it says', 'plain')
    .option('--data <name=value>', 'what the template needs; once for each', pair, {})
    .option('--locale <locale>', "de-AT say; the recipient's when left out")
    .option('--urgent', 'does not wait for the end of quiet hours')
    .addOption(
      new Option('--on-unknown <policy>', 'where nobody knows whether it arrived').choices([
        ...doubtPolicies,
      ]),
    )
    .option('--biz-key <key>', 'names the business thing, an order say')
    .addOption(keyOption())
    .addOption(waitOption())
    .addOption(json())
    .addHelpText('after', examples)
    .action(async (recipient: string, asked: NotifyOptions) => {
      const { on, template, data, locale, urgent, onUnknown, bizKey } = asked;
      const body = {
        ...{ recipient, template, data, channels: on.split(',') },
        ...{ locale, urgent, onUnknown, bizKey },
      };
      await start(program, '/v1/notifications', body, asked);
    });
}

function pair(
  text: string,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const [name = '', ...value] = text.split('=');
  return { ...before, [name]: value.join('=') };
}
