import { codeOf } from './errors.js';

/** A message as Twilio's list shows it, as far as we look at it. */
export interface ListedMessage {
  readonly sid: string;
  readonly body: string;
  readonly status: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly errorCode?: number;
}

/** Some of the messages, the newest first. */
export interface MessagePage {
  readonly messages: readonly ListedMessage[];
  /** Where the older ones are. */
  readonly next?: URL;
}

/** The page at `url`; undefined for what is none, and for one that goes on somewhere else. */
export function readMessagePage(json: unknown, url: URL): MessagePage | undefined {
  const { messages, next_page_uri: next } = (json ?? {}) as Record<string, unknown>;
  if (!Array.isArray(messages)) return undefined;
  const listed = messages.map(readMessage).filter((message) => message !== undefined);
  // One that we cannot read may be the one that we look for.
  if (listed.length !== messages.length) return undefined;
  if (typeof next !== 'string' || next === '') return { messages: listed };
  const nextUrl = URL.canParse(next, url.href) ? new URL(next, url) : undefined;
  // Our credentials go with it.
  return nextUrl?.origin === url.origin ? { messages: listed, next: nextUrl } : undefined;
}

function readMessage(given: unknown): ListedMessage | undefined {
  const { sid, body, status, date_created, error_code } = (given ?? {}) as Record<string, unknown>;
  if (typeof sid !== 'string' || typeof body !== 'string' || typeof status !== 'string') {
    return undefined;
  }
  // RFC 2822, as in Fri, 24 May 2019 17:44:46 +0000.
  const createdAt = Date.parse(String(date_created));
  const errorCode = codeOf(error_code);
  if (Number.isNaN(createdAt)) return undefined;
  return { sid, body, status, createdAt, ...(errorCode !== undefined && { errorCode }) };
}
