import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { type Channel, unreachable } from '../../src/domain/index.js';
import type { ChannelProfile, ChannelProvider } from '../../src/providers/channel.js';

/** What one send comes to, in place of a delivery; `lost` delivers and gives no answer. */
export type Misbehaviour = 'retry' | 'fail' | 'refuse-address' | 'lost' | 'unreached';

/** Where an address that ends so refuses every notice, to workers of other processes too. */
export const refusing = '0000';

/** How each channel behaves, as those of today do. */
const profiles: Readonly<Record<Channel, Pick<ChannelProfile, 'lookUp' | 'collapses'>>> = {
  push: { lookUp: false, collapses: true },
  sms: { lookUp: true, collapses: false },
  email: { lookUp: false, collapses: false },
  webhook: { lookUp: false, collapses: true },
};

/** Notices as they came out at the other end: a file, so that every process adds to the same. */
export interface Mailbox {
  readonly file: string;
  /** The ids that were delivered on a channel, each as often as it was shown. */
  shown(of: string): readonly string[];
  /** All that was handed over of an operation, in order, with its words. */
  sends(of: string): readonly Line[];
}

interface Line {
  readonly channel: Channel;
  readonly deliveryId: string;
  readonly to: string;
  readonly text: string;
  readonly html?: string;
}

export function aMailbox(file: string): Mailbox {
  const lines = () =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as Line)
      : [];
  const sends = (of: string) => lines().filter(({ deliveryId }) => deliveryId.startsWith(of));
  return {
    file,
    sends,
    shown: (of) => {
      const ids = sends(of).map(({ channel, deliveryId }) => ({ channel, deliveryId }));
      return ids
        .filter(
          ({ channel, deliveryId }, index) =>
            !profiles[channel].collapses ||
            ids.findIndex((other) => other.deliveryId === deliveryId) === index,
        )
        .map(({ deliveryId }) => deliveryId);
    },
  };
}

/** The four channels over one mailbox; `bent` says how the next send of a channel misbehaves. */
export function theChannels(
  { file }: Pick<Mailbox, 'file'>,
  bent: (channel: Channel, to: string) => Misbehaviour | undefined = () => undefined,
): Readonly<Record<Channel, ChannelProvider>> {
  const one = (channel: Channel): ChannelProvider => ({
    profile: { channel, ...profiles[channel], visibilityDelayMs: 0, timeoutMs: 1_000 },
    ...(profiles[channel].lookUp && {
      find: async (reference) =>
        aMailbox(file).sends(reference).length > 0
          ? { kind: 'sent' }
          : { kind: 'not-found', reference },
    }),
    send: async ({ deliveryId, to, text, html }) => {
      const fault = bent(channel, to) ?? (to.endsWith(refusing) ? 'fail' : undefined);
      const unknown = { kind: 'unknown', reason: 'no-answer', askAgainAfterMs: 0 } as const;
      switch (fault) {
        case 'retry':
          return { kind: 'retry', reason: 'busy', attempt: 1, nextRetryAfterMs: 100 };
        case 'fail':
          return { kind: 'fail', code: 'notice-refused', message: 'refused' };
        case 'refuse-address':
          return { kind: 'fail', code: 'address-refused', message: 'no such address' };
        case 'unreached':
          return unknown;
        case 'lost':
        case undefined:
          appendFileSync(file, `${JSON.stringify({ channel, deliveryId, to, text, html })}\n`);
          return fault === 'lost' ? unknown : { kind: 'sent', providerId: `p-${deliveryId}` };
        default:
          return unreachable(fault);
      }
    },
  });
  return { push: one('push'), sms: one('sms'), email: one('email'), webhook: one('webhook') };
}
