import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';

// Everything that is not the public Internet, by IANA's special-purpose registries.
const privateRanges = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const;
const refused = new BlockList();
for (const [net, bits] of privateRanges) refused.addSubnet(net, bits, 'ipv4');
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');
// Inside of it: documentation, and ways that lead to addresses of the other family.
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
] as const) {
  refused.addSubnet(net, bits, 'ipv6');
}

/** Whether an IP address is one of the public Internet. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refused.check(address, 'ipv4');
    case 6:
      return globalUnicast.check(address, 'ipv6') && !refused.check(address, 'ipv6');
    default:
      return false;
  }
}

type Found = (error: Error | null, addresses: LookupAddress[]) => void;

/**
 * Looks a name up for a connection that is about to be made, and fails when any of its addresses is
 * not public: what was looked up before could be another one by now.
 */
export function lookupPublic(name: string, options: LookupOptions, found: Found): void {
  lookup(name, { ...options, all: true }, (error, addresses) => {
    const inside = addresses?.some(({ address }) => !isPublicAddress(address));
    found(error ?? (inside ? new Error('the name leads to an address inside') : null), addresses);
  });
}
