import { nanoid } from 'nanoid';
import {
  type Channel,
  type DoubtPolicy,
  notificationOf,
  type OpId,
  type Recipient,
} from '../../src/domain/index.js';
import type { Misbehaviour } from '../support/a-channel.js';
import type { RunningWorld } from '../support/running-world.js';

export interface Asked {
  readonly channels?: readonly Channel[];
  readonly onUnknown?: DoubtPolicy;
  readonly urgent?: true;
  readonly given?: Partial<Recipient> & { readonly on?: readonly Channel[] };
  readonly bent?: Partial<Record<Channel, readonly Misbehaviour[]>>;
}

/** Tells a recipient of its own something, on channels that misbehave as they are told. */
export async function aNotice(
  { post, client }: Pick<RunningWorld, 'post' | 'client'>,
  { channels = ['sms', 'push'], given, bent = {}, ...asked }: Asked,
): Promise<{ readonly opId: OpId; readonly recipient: string }> {
  const recipient = await post.recipient(given);
  for (const [channel, faults] of Object.entries(bent)) {
    post.bend(recipient, channel as Channel, ...faults);
  }
  const command = notificationOf(nanoid(), { template: 'plain', channels, ...asked });
  const data = { subject: 'Hello', text: 'A word' };
  const { opId } = await client.start(command, { sealed: { recipient, data } });
  return { opId, recipient };
}
