import type { OpId } from '../../src/domain/index.js';
import { aNotice, type Asked } from '../operations/a-notice.js';
import { eventually } from '../support/eventually.js';
import type { RunningWorld } from '../support/running-world.js';
import type { MoneyBranch } from './money-branches.js';
import { reached } from './reached.js';

const hour = new Date().getUTCHours();
const at = (hours: number) => `${String((hours + 24) % 24).padStart(2, '0')}:00`;
const quietHours = { from: at(hour - 1), to: at(hour + 10) };

/** Every branch of a notice. */
export const noticeBranches: readonly MoneyBranch[] = [
  notice('notice-sent', {}, 'sent'),
  notice('notice-skipped', { given: { on: ['push'] } }, 'sent'),
  notice('notice-refused-by-a-channel', { bent: { sms: ['retry', 'fail'] } }, 'sent'),
  notice('notice-sent-again-in-doubt', { channels: ['push'], bent: { push: ['lost'] } }, 'sent'),
  notice('notice-let-go', { bent: { sms: ['lost'] }, onUnknown: 'next-channel' }, 'sent'),
  notice('notice-resent', { bent: { sms: ['unreached'] }, onUnknown: 'resend' }, 'sent'),
  notice(
    'notice-parked-then-again',
    { channels: ['email', 'sms'], bent: { email: ['fail'], sms: ['unreached'] } },
    'sent',
    async (world, opId) => {
      // It waits for a receipt before it stands still.
      await eventually(() => reached(world, opId, 'parked'), { timeoutMs: 120_000 });
      await world.client.again(opId);
    },
  ),
  notice(
    'notice-given-up',
    { channels: ['sms'], bent: { sms: ['fail'] } },
    'undeliverable',
    async (world, opId) => {
      await reached(world, opId, 'parked');
      await world.client.withdraw(opId);
    },
  ),
  notice(
    'notice-withdrawn-at-night',
    { given: { timeZone: 'UTC', quietHours } },
    'withdrawn',
    async (world, opId) => {
      await eventually(async () => {
        const row = await world.reads.operation(world.tenant, opId);
        if (row?.phase !== 'deferred') throw new Error('it does not wait yet');
      });
      await world.client.withdraw(opId);
    },
  ),
];

function notice(
  name: string,
  asked: Asked,
  end: string,
  tell: (world: RunningWorld, opId: OpId) => Promise<unknown> = () => Promise.resolve(),
): MoneyBranch {
  return {
    name,
    async walk(world) {
      const { opId } = await aNotice(world, asked);
      await tell(world, opId);
      await reached(world, opId, end);
      return opId;
    },
  };
}
