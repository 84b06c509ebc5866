import type { Fail, NotFound, OutsideAnswer, Retry, Unknown } from '../../src/domain/index.js';
import type { OutsideRequest } from '../../src/providers/provider.js';

export function retry(reason: string): Retry {
  return { kind: 'retry', reason, attempt: 1, nextRetryAfterMs: 1_000 };
}

export function unknown(reason: string): Unknown {
  return { kind: 'unknown', reason, askAgainAfterMs: 1_000 };
}

export function refused(cause: string): Fail {
  return { kind: 'fail', code: 'provider-refused', message: 'the provider refused', cause };
}

export function contradicted(reference: string, detail: string): OutsideAnswer {
  return { kind: 'contradicted', reference, detail };
}

export function notFound({ reference }: OutsideRequest): NotFound {
  return { kind: 'not-found', reference };
}
