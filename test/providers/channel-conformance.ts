import { describe, expect, test } from 'vitest';
import type { Channel } from '../../src/domain/index.js';
import type { ChannelProvider, Delivery } from '../../src/providers/channel.js';
import type { DeliveredNotice } from '../../src/providers/notices-sandbox/index.js';

/** A channel, its far side that misbehaves on request, and what came through there. */
export interface ChannelWorld {
  readonly provider: ChannelProvider;
  readonly delivery: Delivery;
  /** What must be in no answer: addresses, words, credentials. */
  readonly secrets: readonly string[];
  misbehave(rule: object): Promise<void>;
  delivered(): Promise<readonly DeliveredNotice[]>;
  /** The same channel, and nobody listens where it sends to. */
  unreachable(): ChannelProvider;
}

export interface ChannelWords {
  /** The far side's refusal of the address, and of this one notice. */
  readonly dead: string;
  readonly refused: string;
  /** Whether the far side names a time when it has too much. */
  readonly namesTime: boolean;
}

/** What every channel keeps, whatever is behind it; the profile decides what is asked. */
export function channelConformance(
  channel: Channel,
  words: ChannelWords,
  start: () => Promise<ChannelWorld>,
): void {
  describe(`${channel} keeps the contract of channels`, () => {
    delivers(channel, start);
    refuses(words, start);
    breaksOff(start);
    waits(words, start);
    looksUp(start);
  });
}

type Start = () => Promise<ChannelWorld>;

function delivers(channel: Channel, start: Start): void {
  test('delivers a notice once, as it was given, and says so', async () => {
    const world = await start();

    const sent = await world.provider.send(world.delivery);

    const delivered = await world.delivered();
    expect(sent).toMatchObject({ kind: 'sent' });
    expect(delivered).toMatchObject([{ channel, deliveryId: 'op_one:notice.1', shown: true }]);
    expect(delivered[0]?.text).toContain('Words for Ada alone');
  });

  test('shows one delivery once where it says that it does, however often it is sent', async () => {
    const world = await start();

    await world.provider.send(world.delivery);
    await world.provider.send(world.delivery);

    const delivered = await world.delivered();
    const shown = delivered.filter((one) => one.shown);
    expect(delivered.map(({ deliveryId }) => deliveryId)).toEqual([
      'op_one:notice.1',
      'op_one:notice.1',
    ]);
    expect(shown).toHaveLength(world.provider.profile.collapses ? 1 : 2);
    // Who is not spared the second can tell it by its id.
    expect(new Set(delivered.map(({ text }) => /#\w{8}$/.exec(text)?.[0])).size).toBe(1);
  });

  test('shows two deliveries of the same words as two', async () => {
    const world = await start();

    await world.provider.send(world.delivery);
    await world.provider.send({ ...world.delivery, deliveryId: 'op_two:notice.1' });

    expect((await world.delivered()).filter(({ shown }) => shown)).toHaveLength(2);
  });
}

function refuses({ dead, refused }: ChannelWords, start: Start): void {
  test.each([
    ['address-refused', dead],
    ['notice-refused', refused],
  ])('answers %s for good when the far side says %s', async (code, declineCode) => {
    const world = await start();
    await world.misbehave({ fault: 'decline', declineCode });

    const answer = await world.provider.send(world.delivery);

    expect(answer).toMatchObject({ kind: 'fail', code, cause: expect.any(String) });
    expect(await world.delivered()).toEqual([]);
    keepsSecrets(world, answer);
  });
}

function breaksOff(start: Start): void {
  test.each([
    ['timeout-before', 0],
    ['timeout-after', 1],
    ['reset-before', 0],
    ['reset-after', 1],
  ])('is in doubt after %s, and never refused', async (fault, came) => {
    const world = await start();
    await world.misbehave({ fault, times: 1 });

    const answer = await world.provider.send(world.delivery);

    expect(answer).toMatchObject({ kind: 'unknown', askAgainAfterMs: expect.any(Number) });
    await expect.poll(world.delivered).toHaveLength(came);
    keepsSecrets(world, answer);
  });

  test('has certainly sent nothing where nobody listens', async () => {
    const world = await start();

    const answer = await world.unreachable().send(world.delivery);

    expect(answer).toMatchObject({ kind: 'retry', nextRetryAfterMs: expect.any(Number) });
    keepsSecrets(world, answer);
  });
}

function waits({ namesTime }: ChannelWords, start: Start): void {
  test('waits as long as it is told when the far side has too much', async () => {
    const world = await start();
    await world.misbehave({ fault: 'rate-limit', retryAfterMs: 7_000, times: 1 });

    const answer = await world.provider.send(world.delivery);
    const later = await world.provider.send(world.delivery);

    const nextRetryAfterMs = namesTime ? 7_000 : expect.any(Number);
    expect(answer).toMatchObject({ kind: 'retry', nextRetryAfterMs });
    expect(later).toMatchObject({ kind: 'sent' });
    expect(await world.delivered()).toHaveLength(1);
    keepsSecrets(world, answer);
  });
}

function looksUp(start: Start): void {
  test('finds what was sent, and nothing else, where it can be asked', async () => {
    const world = await start();
    const { find, profile } = world.provider;
    const { deliveryId, to } = world.delivery;
    expect(find !== undefined).toBe(profile.lookUp);
    if (find === undefined) return;
    const since = Date.now();
    await world.misbehave({ fault: 'timeout-after', times: 1 });

    await world.provider.send(world.delivery);

    expect(await find(deliveryId, to, since)).toMatchObject({ kind: 'sent' });
    expect(await find('op_two:notice.1', to, since)).toEqual({
      ...{ kind: 'not-found', reference: 'op_two:notice.1' },
    });
  });

  test('is in doubt still when the question is not answered', async () => {
    const world = await start();
    const { find } = world.provider;
    const { deliveryId, to } = world.delivery;
    await world.misbehave({ fault: 'error-before' });

    const answer = await find?.(deliveryId, to, Date.now());

    expect(answer?.kind).toBe(find && 'unknown');
    keepsSecrets(world, answer);
  });
}

function keepsSecrets(world: ChannelWorld, answer: unknown): void {
  const told = JSON.stringify(answer) ?? '';
  for (const secret of world.secrets) expect(told).not.toContain(secret);
}
