import { type Answer, errorAnswer } from './answer.js';

interface Entry {
  readonly params: string;
  answer?: Answer;
}

/**
 * Keys as Stripe v1 keeps them: one key, one request, one answer, errors included. What was refused
 * before it began leaves no entry.
 */
export function createIdempotency() {
  const entries = new Map<string, Entry>();

  return {
    /** Acts once under the key, or gives what the key stands for. */
    async once(
      key: string | undefined,
      params: string,
      act: () => Promise<Answer>,
    ): Promise<Answer> {
      if (key === undefined) return act();
      if (key.length > 255) return errorAnswer(400, 'invalid_request_error');
      const entry = entries.get(key);
      if (entry !== undefined && entry.params !== params) {
        return errorAnswer(400, 'idempotency_error');
      }
      if (entry?.answer !== undefined) {
        return { ...entry.answer, headers: { 'idempotent-replayed': 'true' } };
      }
      if (entry !== undefined) {
        return errorAnswer(409, 'invalid_request_error', 'idempotency_key_in_use');
      }
      const begun: Entry = { params };
      entries.set(key, begun);
      const answer = await act();
      if (answer.stored === false) entries.delete(key);
      else begun.answer = answer;
      return answer;
    },
    /** A day has gone by. */
    expire: () => entries.clear(),
  };
}
