import ipaddr from 'ipaddr.js';

const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');
/** Inside of it, and not for hosts: IETF protocol assignments. */
const assignments = ipaddr.IPv6.parseCIDR('2001::/23');

/** Whether an IP address is one of the public Internet; false for what is none. */
export function isPublicAddress(text: string): boolean {
  const address = ipaddr.isValid(text) ? ipaddr.parse(text) : undefined;
  if (address?.range() !== 'unicast') return false;
  if (!(address instanceof ipaddr.IPv6)) return true;
  return address.match(globalUnicast) && !address.match(assignments);
}
