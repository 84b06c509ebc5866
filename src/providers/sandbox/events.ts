import { createAgenda, type Due } from './agenda.js';
import type { Bend, Straying } from './bend.js';
import { moveView, payoutView } from './book.js';
import { type ChargeState, stateAt } from './charge-state.js';
import type { Charge, Effect, Move, Payout } from './ledger.js';

export type EventType =
  | `charge.${'captured' | 'authorized' | 'declined' | 'voided' | 'expired' | 'refunded'}`
  | `payout.${'paid' | 'failed'}`;

/** What the provider tells of by itself. */
export interface SandboxEvent {
  readonly type: EventType;
  /** Epoch milliseconds of the sandbox's clock. */
  readonly at: number;
  /**
   * The charge, capture, void, refund or payout with its own id and the reference of the step that
   * caused it; all but a payout with their `chargeId`.
   */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Turns effects, and what time alone does to them, into events. */
export interface Events {
  happened(effect: Effect, bend: Bend): void;
  /** The clock was moved: what is due by now happens now. */
  clockMoved(): void;
  stop(): void;
}

/** Events of what happens from now on, and of what the earlier effects still have to come. */
export function createEvents(deps: {
  readonly earlier: readonly Effect[];
  readonly now: () => number;
  readonly send: (event: SandboxEvent, straying?: Straying) => void;
}): Events {
  const { earlier, now, send } = deps;
  const files = new Map<string, { charge: Charge; moves: Move[] }>();
  const agenda = createAgenda<SandboxEvent>(now, (event) => send(event));

  function fileOf(effect: Effect) {
    if (effect.type === 'payout') return undefined;
    if (effect.type === 'charge') {
      const file = { charge: effect.charge, moves: [] };
      files.set(effect.charge.id, file);
      return file;
    }
    const file = files.get(effect.move.chargeId);
    file?.moves.push(effect.move);
    return file;
  }

  const moment = now();
  for (const effect of earlier) {
    const file = fileOf(effect);
    agenda.add(duesOf(effect, (at) => file && stateAt(file, at)).filter(({ at }) => at > moment));
  }

  return {
    happened(effect, { events }) {
      const file = fileOf(effect);
      const dues = duesOf(effect, (at) => file && stateAt(file, at));
      const { createdAt } = itemOf(effect);
      for (const { happened } of dues.filter(({ at }) => at <= createdAt)) {
        const event = happened();
        if (event !== undefined) send(event, events);
      }
      agenda.add(dues.filter(({ at }) => at > createdAt));
    },
    clockMoved: agenda.check,
    stop: agenda.stop,
  };
}

type StateAt = (moment: number) => ChargeState | undefined;

/** When the effect has something to tell, and what by then. */
function duesOf(effect: Effect, state: StateAt): Due<SandboxEvent>[] {
  const { pendingUntil, createdAt } = itemOf(effect);
  const at = pendingUntil ?? createdAt;
  if (effect.type === 'payout') return [{ at, happened: () => payoutEvent(effect.payout, at) }];
  if (effect.type === 'move') return [{ at, happened: () => moveEvent(effect.move, at) }];

  const { charge } = effect;
  const decided = { at, happened: () => chargeEvent(charge, at) };
  const { expiresAt } = charge;
  if (expiresAt === undefined) return [decided];
  return [decided, { at: expiresAt, happened: () => expiry(expiresAt, state) }];
}

function chargeEvent(charge: Charge, at: number): SandboxEvent {
  // What was done to it since has events of its own.
  const { view } = stateAt({ charge, moves: [] }, at);
  const data = { ...view, chargeId: charge.id };
  return { type: `charge.${charge.decided}`, at, data };
}

function expiry(at: number, state: StateAt): SandboxEvent | undefined {
  const view = state(at)?.view;
  if (view?.status !== 'expired') return undefined;
  return { type: 'charge.expired', at, data: { ...view, chargeId: view.id } };
}

const pastOf = { capture: 'captured', void: 'voided', refund: 'refunded' } as const;

function moveEvent(move: Move, at: number): SandboxEvent | undefined {
  // A failed one changed nothing, and there is no event for that.
  if (move.declineCode !== undefined) return undefined;
  return { type: `charge.${pastOf[move.kind]}`, at, data: { ...moveView(move, at) } };
}

function payoutEvent(payout: Payout, at: number): SandboxEvent {
  const end = payout.declineCode === undefined ? 'paid' : 'failed';
  return { type: `payout.${end}`, at, data: { ...payoutView(payout, at) } };
}

function itemOf(effect: Effect): Charge | Move | Payout {
  if (effect.type === 'charge') return effect.charge;
  return effect.type === 'move' ? effect.move : effect.payout;
}
