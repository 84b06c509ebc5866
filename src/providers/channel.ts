import type { Channel, Fail, NotFound, Retry, Unknown } from '../domain/index.js';
import type { WebhookHeaders, WebhookRefusal } from './webhook.js';

/** What a channel can do. Plain data: it travels into workflows. Durations in milliseconds. */
export interface ChannelProfile {
  readonly channel: Channel;
  /** Whether it can be asked what came of a delivery. */
  readonly lookUp: boolean;
  /** How far a look-up may lag behind a send: a younger `not-found` says nothing. */
  readonly visibilityDelayMs: number;
  /** Same delivery id shown once by the receiver, whatever the number of sends. */
  readonly collapses: boolean;
  /** How long one send or one look-up may take, from connecting to the last byte. */
  readonly timeoutMs: number;
}

/** Of a delivery id, wherever one comes from outside. */
export const deliveryIdForm = /^[A-Za-z0-9_:.-]{1,128}$/;

/** One notice on one channel. */
export interface Delivery {
  /** The same at each repetition, in the form above. */
  readonly deliveryId: string;
  /** The address on that channel, as its parser gave it. */
  readonly to: string;
  readonly subject?: string;
  readonly text: string;
  readonly html?: string;
  readonly data?: Readonly<Record<string, string>>;
  /** The operation's trace id, 32 hex digits. */
  readonly trace: string;
}

/** The far side took it. Whether it arrives comes later, as a report, if it comes at all. */
export interface Sent {
  readonly kind: 'sent';
  readonly providerId?: string;
}

/**
 * The outside world that tells people. One call each; nothing here repeats by itself or throws, and
 * no address, text or token is in what it answers.
 */
export interface ChannelProvider {
  readonly profile: ChannelProfile;
  /**
   * Sends once. `retry`: certainly nothing was sent. `fail` with `address-refused`: nothing can
   * ever be sent to this address; with `notice-refused`: not this notice, or not by us; with
   * `channel-not-configured`: nobody has set the channel up. `cause` is the far side's own code.
   * `unknown`: it may have been sent.
   */
  send(delivery: Delivery): Promise<Sent | Retry | Fail | Unknown>;
  /**
   * Asks, where the profile says that it can be, what came of a delivery begun after `since`, epoch
   * milliseconds. `not-found` is no proof.
   */
  find?(deliveryId: string, to: string, since: number): Promise<Sent | Fail | NotFound | Unknown>;
}

/** What became of a delivery after it was sent, as its provider tells us by itself. */
export interface DeliveryReport {
  readonly kind: 'report';
  readonly deliveryId: string;
  /** `refused`: it does not arrive; `address-refused`: nor will any other at that address. */
  readonly state: 'under-way' | 'delivered' | 'refused' | 'address-refused';
  readonly providerId?: string;
  /** The provider's own code of a refusal. */
  readonly cause?: string;
}

/** How the reports of one provider are signed and read. */
export interface ReportReader {
  /** `search` is the query of the URL that it was posted to, as it came: `?delivery=...`. */
  read(
    rawBody: Uint8Array,
    headers: WebhookHeaders,
    search: string,
  ): DeliveryReport | WebhookRefusal | { readonly kind: 'unreadable' };
}
