import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { isPublicAddress } from './public-address.js';

/** Finds all addresses of a name. */
export type Lookup = (
  name: string,
  options: { readonly all: true },
  done: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/** True for https to a public host, and for http to this machine; a name is looked up later. */
export function isWebhookTarget(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return false;
  const host = hostOf(url);
  if (isIP(host)) return mayReach(url, host);
  return url.protocol === 'https:' || host === 'localhost';
}

/**
 * Looks the host up each time that a connection is made, and gives none of its addresses unless it
 * may have them all: between a check before that and the connection, a name can come to mean
 * another.
 */
export function checkedLookup(
  mayHave: (address: string) => boolean,
  lookup: Lookup = systemLookup,
): LookupFunction {
  return (name, { all }, done) =>
    lookup(name, { all: true }, (error, found) => {
      if (error) return done(error, '');
      const [first] = found;
      if (!first || !found.every(({ address }) => mayHave(address))) {
        const forbidden = new Error('the host has an address that is not allowed');
        return done(Object.assign(forbidden, { code: 'ADDRESS_NOT_ALLOWED' }), '');
      }
      return all ? done(null, found) : done(null, first.address, first.family);
    });
}

/** https goes out, and to public addresses alone; http never leaves this machine. */
export function mayReach({ protocol }: Pick<URL, 'protocol'>, address: string): boolean {
  if (protocol === 'http:') return ipaddr.parse(address).range() === 'loopback';
  return isPublicAddress(address);
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}
