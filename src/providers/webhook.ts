import type { OutsideAnswer } from '../domain/index.js';

/**
 * Of an attempt of ours. Another text under this name may be anybody's words: it is not kept.
 */
export const ourReference = /^[A-Za-z0-9_-]{4,64}:[a-z-]{1,32}\.\d{1,6}:\d{1,6}$/;
/** Of a provider's type of event. */
export const eventType = /^[a-z][a-z0-9_.-]{0,63}$/;

/** A message of a provider that says by its signature that it comes from there. */
export interface WebhookEvent {
  readonly kind: 'event';
  /** The provider's own id of it: a repetition has the same. */
  readonly id: string;
  readonly type: string;
  /** `opId:step.ordinal:n` of the attempt that it is about; absent when it names none of ours. */
  readonly reference?: string;
  /** What it proves; absent when nothing of it concerns an operation. */
  readonly evidence?: OutsideAnswer;
  /** Why it must not be applied although it is genuine. */
  readonly unfit?: 'other-environment';
  /** When it happened, by the provider's clock, in epoch milliseconds. */
  readonly at: number;
}

/** Why a message is not taken for the provider's. */
export interface WebhookRefusal {
  readonly kind: 'refused';
  readonly code: 'signature-required' | 'signature-invalid' | 'timestamp-invalid';
}

/** As Node gives them: names in lower case. */
export type WebhookHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** How the messages of one provider are signed and read. */
export interface WebhookReader {
  /**
   * Checks the signature over the bytes as they came, before anything in them is looked at.
   * `unreadable`: genuine, and not what the provider's protocol says.
   */
  read(
    rawBody: Uint8Array,
    headers: WebhookHeaders,
    nowMs: number,
  ): WebhookEvent | WebhookRefusal | { readonly kind: 'unreadable' };
}
