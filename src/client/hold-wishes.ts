import type { Client as TemporalClient } from '@temporalio/client';
import type { OpId } from '../domain/index.js';
import {
  type AnswerTo,
  capture,
  chooseMethod,
  extend,
  type HoldAnswer,
} from '../workflows/messages.js';
import type { Client } from './client.js';
import { IdempotencyKeyReused } from './key-reused.js';
import { unlessGone } from './unless-gone.js';

/** Wishes about a payment under way, each carried out once per key. */
export function holdWishes(
  temporal: TemporalClient,
): Pick<Client, 'capture' | 'extend' | 'chooseMethod'> {
  return {
    capture: async (opId, wish, key) => {
      const answer = await answered(temporal, opId, capture, wish, key);
      return firstAnswer(opId, answer, {
        amount: answer?.asked.amount === wish.amount,
        final: (answer?.asked.final ?? false) === (wish.final ?? false),
      });
    },
    extend: async (opId, expiresAt, key) => {
      const answer = await answered(temporal, opId, extend, expiresAt, key);
      return firstAnswer(opId, answer, { holdExpiresAt: answer?.asked === expiresAt });
    },
    chooseMethod: async (opId, method, key) => {
      const answer = await answered(temporal, opId, chooseMethod, method, key);
      return firstAnswer(opId, answer, { method: answer?.asked === method });
    },
  };
}

/**
 * The update under an id made of the key, so that Temporal itself gives a repetition the first
 * answer: also once the payment has ended, for as long as the closed workflow is retained.
 * Undefined where it has ended and knows of no such wish, or is no longer known itself.
 */
async function answered<Wish>(
  temporal: TemporalClient,
  opId: OpId,
  update: typeof capture | typeof extend | typeof chooseMethod,
  wish: Wish,
  key: string,
): Promise<AnswerTo<Wish> | undefined> {
  const handle = temporal.workflow.getHandle(opId);
  const updateId = `${update.name}:${key}`;
  const options = { args: [wish] as [Wish], updateId };
  const asked = handle.executeUpdate<AnswerTo<Wish>, [Wish]>(update.name, options);
  return unlessGone<AnswerTo<Wish> | undefined>(asked, undefined);
}

/** What was answered first; that it is too late, where nobody knows of such a wish. */
function firstAnswer(
  opId: OpId,
  answer: AnswerTo<unknown> | undefined,
  same: Readonly<Record<string, boolean>>,
): HoldAnswer {
  if (answer === undefined) return { kind: 'refused', code: 'invalid-state' };
  const fields = Object.keys(same).filter((name) => same[name] === false);
  if (fields.length > 0) throw new IdempotencyKeyReused(opId, fields);
  return answer.kind === 'accepted' ? { kind: 'accepted' } : { kind: 'refused', code: answer.code };
}
