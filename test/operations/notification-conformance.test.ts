import { expect } from 'vitest';
import { refusing } from '../support/a-channel.js';
import type { RunningWorld } from '../support/running-world.js';
import { type Case, conforms, refused } from './conformance.js';

conforms({
  of: 'notification',
  name: 'a notice',
  steps: ['acceptNotice', 'beginDelivery', 'send', 'recordDelivery', 'finishNotice'],
  refusals: { acceptNotice: refused },
  begin: aNotice,
});

/** Refused by the first channel, and taken by the second, whose receiver shows it once. */
async function aNotice({ post }: RunningWorld): Promise<Case> {
  const addresses = { sms: `+43664123${refusing}`, push: 'd'.repeat(40) };
  const recipient = await post.recipient({ addresses });
  return {
    payload: { template: 'plain', channels: ['sms', 'push'], onUnknown: 'next-channel' },
    sealed: { recipient, data: { subject: 'Hello', text: 'A word' } },
    cleanSlate: async (opId) => expect(post.mailbox.sends(opId)).toEqual([]),
    ended: async (opId, result) => {
      expect(result).toMatchObject({ kind: 'sent', channel: 'push' });
      expect(post.mailbox.shown(opId)).toEqual([`${opId}:push.1:1`]);
    },
  };
}
