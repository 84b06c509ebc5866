import { setMaxListeners } from 'node:events';
import type { Straying } from './bend.js';
import {
  createDeliveries,
  type Letter,
  letterOf,
  type LostEvent,
  pause,
  type WebhookSettings,
} from './deliveries.js';
import type { SandboxEvent } from './events.js';

/** Sends events without holding anybody up. */
export interface Webhooks {
  /** Events of one object go out in order, unless one strays; 10,000 wait at most. */
  send(event: SandboxEvent, straying?: Straying): void;
  /** Waits up to 2 s for what is being sent for the first time; the rest is dropped. */
  close(): Promise<void>;
}

const drainMsMax = 2_000;
const delayMsMax = 10 * 60_000;
const waitingMax = 10_000;

/** Sends to one URL. `onLost` hears of each event that was given up. */
export function createWebhooks(
  settings: WebhookSettings,
  onLost: (lost: LostEvent) => void,
): Webhooks {
  const closing = new AbortController();
  // Every letter on its way listens; `waitingMax` bounds them.
  setMaxListeners(0, closing.signal);
  const deliveries = createDeliveries(settings, closing.signal, onLost);
  /** The last first try of each object, so that the next one waits for it. */
  const lanes = new Map<string, Promise<void>>();
  const siding = createSiding();
  const underWay = new Set<Promise<void>>();

  function track(work: Promise<void>): void {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  }

  async function follow(before: Promise<void> | undefined, letter: Letter): Promise<void> {
    await before;
    if (!(await deliveries.first(letter))) track(deliveries.further(letter));
  }

  /** Behind all that the lane has; then whoever was held for it goes. */
  function enqueue(lane: string, letter: Letter): void {
    const sent = follow(lanes.get(lane), letter);
    lanes.set(lane, sent);
    track(
      sent.then(() => {
        siding.passed(lane);
        if (lanes.get(lane) === sent) lanes.delete(lane);
      }),
    );
  }

  async function hold(lane: string, letter: Letter, ms: number): Promise<void> {
    await siding.overtaken(lane, pause(ms, closing.signal));
    enqueue(lane, letter);
  }

  return {
    send(event, straying) {
      if (straying?.how === 'missing') return;
      const letter = letterOf(event);
      const lane = String(event.data.chargeId ?? event.data.id);
      if (underWay.size >= waitingMax) {
        onLost({ id: letter.id, type: letter.type, reason: 'too-many-waiting' });
        return;
      }
      const ms = Math.min(straying?.delayMs ?? 0, delayMsMax);
      if (straying?.how === 'reordered') return track(hold(lane, letter, ms));
      if (straying?.how === 'late') {
        return track(pause(ms, closing.signal).then(() => enqueue(lane, letter)));
      }
      enqueue(lane, letter);
      if (straying?.how === 'duplicate') enqueue(lane, letter);
    },

    async close() {
      const timer = setTimeout(() => closing.abort(), drainMsMax);
      await Promise.allSettled(lanes.values());
      clearTimeout(timer);
      closing.abort();
      await Promise.allSettled(underWay);
    },
  };
}

/** Where reordered letters wait until another of their lane has gone out. */
function createSiding() {
  const waiting = new Map<string, Set<() => void>>();
  return {
    passed(lane: string): void {
      for (const release of waiting.get(lane) ?? []) release();
    },
    /** Resolves when another has passed, or with `patience`. */
    async overtaken(lane: string, patience: Promise<void>): Promise<void> {
      const letters = waiting.get(lane) ?? new Set();
      waiting.set(lane, letters);
      let release = () => {};
      const passed = new Promise<void>((resolve) => {
        release = resolve;
      });
      letters.add(release);
      await Promise.race([passed, patience]);
      letters.delete(release);
      if (letters.size === 0) waiting.delete(lane);
    },
  };
}
