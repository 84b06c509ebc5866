/**
 * @module network: where a connection of ours may go that somebody else named.
 * lives here: what is a public address, what is a target of webhooks, the look-up that holds both
 * may touch: ipaddr.js, DNS
 * never: a connection of its own
 * proved in: test/network, and with real connections in test/outbox and test/providers
 */
export { isPublicAddress } from './public-address.js';
export { checkedLookup, isWebhookTarget, type Lookup, mayReach } from './webhook-target.js';
