import { type Parsed, readObject } from './faults.js';
import type { Channel } from './notice.js';
import { localeForm } from './notification.js';

/** Whom notices are for, as it is registered. */
export interface Recipient {
  /** The `sub` of the person, who then hears of its own money. */
  readonly owner?: string;
  readonly locale: string;
  /** An IANA name, as `Europe/Vienna`. */
  readonly timeZone: string;
  /** Times of day there, as `22:00` to `07:00`: what is not urgent is not sent between them. */
  readonly quietHours?: { readonly from: string; readonly to: string };
  /** By channel, as they came: whoever keeps them reads each by its own parser. */
  readonly addresses: Readonly<Partial<Record<Channel, string>>>;
}

const fields = ['owner', 'locale', 'timeZone', 'quietHours', 'addresses'];
/** Of the clock, to the minute. */
export const timeOfDayForm = /^([01]\d|2[0-3]):[0-5]\d$/;
/** What may be the name of a time zone; whether there is one, the ledger knows. */
export const timeZoneForm = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/;
const addressLengthMax = 4_096;

/** Reads the body of a recipient; the channels of its addresses are not judged here. */
export function parseRecipient(body: unknown): Parsed<Recipient> {
  return readObject(body, fields, (read) => {
    const owner = read.optional('owner', (path) => read.label(path, 255));
    const quiet = read.optional('quietHours', (path) => read.texts(path));
    const { from = '', to = '', ...others } = quiet ?? {};
    const isQuiet = timeOfDayForm.test(from) && timeOfDayForm.test(to) && from !== to;
    if (quiet !== undefined && (!isQuiet || Object.keys(others).length > 0)) {
      read.fault('quietHours', 'field-invalid');
    }
    return {
      ...(owner !== undefined && { owner }),
      locale: read.label('locale', 35, localeForm),
      timeZone: read.label('timeZone', 64, timeZoneForm),
      ...(quiet !== undefined && { quietHours: { from, to } }),
      addresses: read.texts('addresses', addressLengthMax),
    };
  });
}

/** What an address is sealed for: nobody else's, and on no other channel. */
export function sealedFor(tenant: string, recipient: string, channel: Channel): string {
  return `recipient:${tenant}:${recipient}:${channel}`;
}
