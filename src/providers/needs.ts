import type { ProviderProfile } from './provider.js';

/**
 * What operations need of a provider and this one does not give, a sentence each; empty when all of
 * them are safe with it. Asked at start-up: a payment must not be the first to find out.
 */
export function unmetNeeds(profile: ProviderProfile): readonly string[] {
  const { name, keyLifetimeMs, visibilityDelayMs, ladderMs } = profile;
  const needs: readonly (readonly [met: boolean, sentence: string])[] = [
    [
      keyLifetimeMs > 0,
      'honours no idempotency key: a call that is repeated in doubt would act twice',
    ],
    [
      profile.finds,
      'cannot be asked by reference: a call whose answer is lost would stay in doubt for ever',
    ],
    [
      keyLifetimeMs > visibilityDelayMs,
      'forgets a key before a look-up would show what it did: the repetition would act twice',
    ],
    [
      ladderMs.reduce((sum, ms) => sum + ms, 0) >= visibilityDelayMs,
      'shows a charge later than the last look: every doubt would end in front of a person',
    ],
    [
      keyLifetimeMs > profile.requestTimeoutMs,
      'forgets a key while the call may still be on its way: the repetition would act twice',
    ],
    [profile.captures.includes('automatic'), 'cannot take money at once: no payment can settle'],
    [
      profile.captures.every((capture) => capture === 'automatic') || profile.holdMs > 0,
      'says not how long it holds money: a hold could end there and not here',
    ],
  ];
  return needs.filter(([met]) => !met).map(([, sentence]) => `${name} ${sentence}`);
}
