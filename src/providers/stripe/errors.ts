import { Stripe } from 'stripe';
import { retryAfterOf } from '../call.js';
import { NoAnswer, notFromStripe } from './http-client.js';

/** What an error of the SDK means for the step that it ended. */
export type Trouble =
  /** Certainly nothing happened. */
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs: number }
  | { readonly kind: 'unknown'; readonly reason: string; readonly afterMs?: number }
  /** Our key stands for another request there. */
  | { readonly kind: 'key-reused' }
  /** The card, its bank or Stripe's own rules declined. `intent` is what stands now, unread. */
  | { readonly kind: 'declined'; readonly code: string; readonly intent?: unknown }
  /** The request itself was refused; nothing was done. */
  | { readonly kind: 'refused'; readonly code: string; readonly intent?: unknown };

const soonMs = 1_000;
/** A person has to change a key or its rights: asking more often would only fill logs. */
const operatorMs = 5 * 60_000;

/** Sorts whatever a call of the SDK threw. What is not certain is `unknown`. */
export function troubleOf(error: unknown): Trouble {
  if (!(error instanceof Stripe.errors.StripeError)) return unreadable;
  if (error instanceof Stripe.errors.StripeConnectionError) return unanswered(error);
  const { statusCode: status } = error;
  if (status === undefined) return unreadable;
  const said = retryAfterOf(error.headers?.['retry-after'] ?? null);
  // Rate limits and lock time-outs are found before anything is done, also by a proxy.
  if (error instanceof Stripe.errors.StripeRateLimitError) {
    return { kind: 'retry', reason: 'rate-limited', afterMs: said ?? soonMs };
  }
  const doubt: Trouble = {
    kind: 'unknown',
    reason: `status-${status}`,
    ...(said !== undefined && { afterMs: said }),
  };
  const rawType: string | undefined = error.rawType;
  if (rawType === notFromStripe) return doubt;
  if (error instanceof Stripe.errors.StripeIdempotencyError) return { kind: 'key-reused' };
  if (error instanceof Stripe.errors.StripeAuthenticationError) {
    return { kind: 'retry', reason: 'stripe-rejects-our-api-key', afterMs: operatorMs };
  }
  if (error instanceof Stripe.errors.StripePermissionError) {
    return { kind: 'retry', reason: 'our-api-key-lacks-permission', afterMs: operatorMs };
  }
  const intent = error.payment_intent !== undefined && { intent: error.payment_intent };
  if (error instanceof Stripe.errors.StripeCardError && rawType === 'card_error') {
    const code = codeOf(error.decline_code || error.code) ?? 'card_declined';
    return { kind: 'declined', code, ...intent };
  }
  if (error instanceof Stripe.errors.StripeInvalidRequestError && rawType === invalidRequest) {
    return { kind: 'refused', code: codeOf(error.code) ?? invalidRequest, ...intent };
  }
  // 409 is our own earlier call, still under way; 5xx may have done anything.
  return doubt;
}

/** A code for records and labels; undefined for a text that is none. */
export function codeOf(text: unknown): string | undefined {
  return typeof text === 'string' && /^[\w.-]{1,64}$/.test(text) ? text : undefined;
}

const invalidRequest = 'invalid_request_error';
const unreadable: Trouble = { kind: 'unknown', reason: 'unreadable-answer' };

function unanswered({ detail }: Stripe.errors.StripeConnectionError): Trouble {
  if (!(detail instanceof NoAnswer)) return { kind: 'unknown', reason: 'connection-lost' };
  const { kind, reason } = detail.outcome;
  return kind === 'never-sent'
    ? { kind: 'retry', reason, afterMs: soonMs }
    : { kind: 'unknown', reason };
}
