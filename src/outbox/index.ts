/**
 * @module outbox: how events leave, once the statement that caused them has written them.
 * lives here: the relay, the shape in which events leave (CloudEvents 1.0), the sinks
 * may touch: domain; the ledger's events and what takes them through their types, injected
 * never: an event before the one before it, a mark on what nobody took, a table of another room
 * proved in: test/outbox, with relays that die in the middle
 */
export type { CloudEvent } from './cloud-event.js';
export { createLineSink } from './line-sink.js';
export { createNatsSink } from './nats-sink.js';
export { createNoticeSink } from './notice-sink.js';
export { createRelay, type Refusal, type Sink } from './relay.js';
export { createWebhookSink } from './webhook-sink.js';
