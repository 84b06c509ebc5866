import type {
  Money,
  NotFound,
  Ok,
  Outcome,
  OutsideAnswer,
  Retry,
  Unknown,
  Fenced,
} from '../../src/domain/index.js';
import { defaultLadderMs, unreachable } from '../../src/domain/index.js';
import type {
  ChargePage,
  ListedCharge,
  OutsideRequest,
  PaymentProvider,
  ProviderProfile,
} from '../../src/providers/provider.js';
import type { Clock } from './clock.js';
import { contradicted, notFound, refused, retry, unknown } from './outside-answers.js';

/** What goes wrong with one call. */
export type CallFault =
  | 'none'
  | 'not-sent'
  | 'rate-limited'
  | 'stored-refusal'
  | 'lost-request'
  | 'lost-answer'
  | 'late-request'
  | 'pending';

/** Something that moved at the provider, or stands aside there. */
interface Effect {
  readonly id: string;
  readonly kind: 'charge' | 'authorize' | 'capture' | 'void' | 'refund' | 'payout';
  readonly reference: string;
  readonly chargeId: string;
  readonly minor: number;
  readonly currency: string;
  readonly at: number;
  readonly final: boolean;
  readonly declineCode?: string;
}

export interface OutsideEvent {
  readonly id: string;
  readonly type: string;
  readonly reference: string;
  readonly evidence: OutsideAnswer;
  readonly at: number;
}

export interface OutsideDeps {
  readonly name: string;
  readonly clock: Clock;
  /** What befalls this call. */
  readonly fault: (what: 'perform' | 'find' | 'fence', request: OutsideRequest) => CallFault;
  /** True where the customer's bank refuses it. */
  readonly declines: (request: OutsideRequest) => boolean;
  /** Has something done later. */
  readonly later: (what: string, act: () => void) => void;
  readonly onEvent: (event: OutsideEvent) => void;
}

const dayMs = 24 * 3_600_000;
const holdMs = 7 * dayMs;
const pendingMs = 90_000;
const overCapturePercent = 15;

/**
 * A provider with a ledger of its own. It acts once per key, and forgets keys after a day; it loses
 * requests and answers, and takes some requests long after their caller gave up.
 */
export class Outside implements PaymentProvider {
  readonly effects: Effect[] = [];
  readonly profile: ProviderProfile;
  readonly #deps: OutsideDeps;
  readonly #keys = new Map<string, { readonly at: number; readonly effect: Effect }>();
  readonly #fences = new Set<string>();
  readonly #refused = new Set<string>();

  constructor(deps: OutsideDeps) {
    this.#deps = deps;
    this.profile = {
      ...{ name: deps.name, keyLifetimeMs: dayMs, replaysErrors: true, finds: true, lists: true },
      ...{ visibilityDelayMs: 1_000, fences: true, overCapturePercent, holdMs },
      ...{ captures: ['automatic', 'manual', 'multiple'], refundWindowMs: 180 * dayMs },
      ...{ paysOut: true, payoutMs: 0, webhooks: 'standard-webhooks', requestTimeoutMs: 10_000 },
      ladderMs: defaultLadderMs,
    };
  }

  async perform(request: OutsideRequest): Promise<Outcome<OutsideAnswer>> {
    const { reference } = request;
    const fault = this.#deps.fault('perform', request);
    switch (fault) {
      case 'not-sent':
      case 'rate-limited':
        return retry(fault);
      case 'lost-request':
        return unknown(fault);
      case 'late-request':
        this.#deps.later(`late ${reference}`, () => void this.#act(request, false));
        return unknown(fault);
      case 'lost-answer':
        this.#act(request, false);
        return unknown(fault);
      case 'stored-refusal':
        if (!this.#keys.has(reference)) this.#refused.add(reference);
        break;
      case 'none':
      case 'pending':
        break;
      default:
        return unreachable(fault);
    }
    if (this.#refused.has(reference)) return { ...retry('stored-refusal'), stored: true };
    return this.#act(request, fault === 'pending');
  }

  async find(request: OutsideRequest): Promise<Ok<OutsideAnswer | NotFound> | Retry | Unknown> {
    const fault = this.#deps.fault('find', request);
    if (fault !== 'none') return fault === 'rate-limited' ? retry(fault) : unknown(fault);
    const before = this.#deps.clock.nowMs - this.profile.visibilityDelayMs;
    return { kind: 'ok', value: this.#standing(request, before) ?? notFound(request) };
  }

  async fence(request: OutsideRequest): Promise<Ok<OutsideAnswer | Fenced> | Retry | Unknown> {
    const { reference } = request;
    const fault = this.#deps.fault('fence', request);
    if (fault === 'not-sent' || fault === 'lost-request') return unknown(fault);
    const standing = this.#standing(request, this.#deps.clock.nowMs);
    if (standing === undefined) this.#fences.add(reference);
    if (fault !== 'none') return unknown(fault);
    return { kind: 'ok', value: standing ?? { kind: 'fenced', reference } };
  }

  async since(cursor: string | null): Promise<Ok<ChargePage>> {
    const from = Number(cursor ?? 0);
    const data = this.charges().filter(({ changedAt }) => changedAt >= from);
    const next = `${this.#deps.clock.nowMs - pendingMs}`;
    return { kind: 'ok', value: { data, unreadable: 0, next, isLast: true } };
  }

  /** All charges as they stand now. */
  charges(): readonly (ListedCharge & { readonly changedAt: number })[] {
    const { nowMs } = this.#deps.clock;
    return this.effects
      .filter(({ kind }) => kind === 'charge' || kind === 'authorize')
      .map((charge) => {
        const { id: chargeId, reference, minor, currency, at } = charge;
        const { captured, refunded, state, moves } = this.#stateOf(charge, nowMs);
        const isGone = state === 'voided' || state === 'declined';
        const changedAt = Math.max(at, ...moves.map((move) => move.at));
        return {
          ...{ chargeId, reference, minor, currency, changedAt },
          ...{ capturedMinor: captured, refundedMinor: refunded },
          ...{ state: isGone && captured === 0 ? ('gone' as const) : listed(state) },
          ...(charge.kind === 'authorize' && { expiresAt: at + holdMs }),
        };
      });
  }

  #act(request: OutsideRequest, pends: boolean): Outcome<OutsideAnswer> {
    const { reference, step, amount } = request;
    const { nowMs } = this.#deps.clock;
    const known = this.#keys.get(reference);
    if (known !== undefined && nowMs - known.at < this.profile.keyLifetimeMs) {
      return { kind: 'ok', value: this.#answerOf(known.effect, request) };
    }
    if (this.#fences.has(reference)) return refused('reference-fenced');
    const refusal = this.#refusalOf(request);
    if (refusal === 'charge-pending') return retry(refusal);
    const declineCode = refusal ?? (this.#deps.declines(request) ? 'do-not-honour' : undefined);
    const id = `${step.slice(0, 2)}_${this.effects.length + 1}`;
    const { chargeId = id } = request;
    if (refusal !== undefined) {
      return { kind: 'ok', value: { kind: 'declined', reference, chargeId, declineCode: refusal } };
    }
    const left = step === 'void' ? this.#left(chargeId) : amount.minor;
    const effect: Effect = {
      ...{ id, kind: step, reference, chargeId, minor: left, currency: amount.currency },
      ...{ at: nowMs + (pends ? pendingMs : 0), final: request.final === true },
      ...(declineCode !== undefined && { declineCode }),
    };
    this.effects.push(effect);
    this.#keys.set(reference, { at: nowMs, effect });
    const answer = this.#answerOf(effect, request);
    const evidence = answer.kind === 'pending' ? this.#decided(effect, amount) : answer;
    this.#deps.onEvent({ id: `ev_${id}`, type: typeOf(evidence), reference, evidence, at: nowMs });
    return { kind: 'ok', value: answer };
  }

  /** Why a capture, void or refund cannot be made now. */
  #refusalOf({ step, chargeId, amount }: OutsideRequest): string | undefined {
    if (step !== 'capture' && step !== 'void' && step !== 'refund') return undefined;
    const charge = this.effects.find(({ id }) => id === chargeId);
    if (charge === undefined) return 'charge-unknown';
    const { state, captured, refunded } = this.#stateOf(charge, this.#deps.clock.nowMs);
    if (state === 'pending') return 'charge-pending';
    if (step === 'refund') return refunded + amount.minor > captured ? 'too-much' : undefined;
    if (state !== 'authorized') return `charge-${state}`;
    const most = charge.minor + Math.floor((charge.minor * overCapturePercent) / 100);
    return step === 'capture' && captured + amount.minor > most ? 'too-much' : undefined;
  }

  #left(chargeId: string): number {
    const charge = this.effects.find(({ id }) => id === chargeId);
    if (charge === undefined) return 0;
    return charge.minor - this.#stateOf(charge, this.#deps.clock.nowMs).captured;
  }

  #stateOf(charge: Effect, nowMs: number) {
    const moves = this.effects.filter(
      ({ chargeId, id, at, declineCode }) =>
        chargeId === charge.id && id !== charge.id && at <= nowMs && declineCode === undefined,
    );
    const sum = (kind: Effect['kind']) =>
      moves.filter((move) => move.kind === kind).reduce((all, { minor }) => all + minor, 0);
    const isWhole = charge.kind === 'charge' && charge.declineCode === undefined;
    const captured = (isWhole && charge.at <= nowMs ? charge.minor : 0) + sum('capture');
    const isClosed = moves.some(({ kind, final }) => kind === 'capture' && final);
    return { moves, captured, refunded: sum('refund'), state: stateOf() };

    function stateOf() {
      if (charge.at > nowMs) return 'pending';
      if (charge.declineCode !== undefined) return 'declined';
      if (charge.kind === 'charge' || isClosed || captured >= charge.minor) return 'captured';
      const isGone = moves.some(({ kind }) => kind === 'void') || nowMs >= charge.at + holdMs;
      return isGone ? 'voided' : 'authorized';
    }
  }

  /** What a look under the reference shows of what was there before that moment. */
  #standing(request: OutsideRequest, before: number): OutsideAnswer | undefined {
    const { reference } = request;
    const [one, other] = this.effects.filter((effect) => effect.reference === reference);
    if (one === undefined || (one.at > before && one.at <= this.#deps.clock.nowMs)) {
      return undefined;
    }
    if (other !== undefined) return contradicted(reference, 'two under one reference');
    if (one.kind !== 'authorize') return this.#answerOf(one, request);
    const { state } = this.#stateOf(one, this.#deps.clock.nowMs);
    if (state === 'captured') return contradicted(reference, 'the charge is captured');
    if (state === 'voided') return { kind: 'voided', reference, chargeId: one.id };
    return this.#answerOf(one, request);
  }

  #answerOf(effect: Effect, { reference, amount, step }: OutsideRequest): OutsideAnswer {
    if (effect.at > this.#deps.clock.nowMs) return { kind: 'pending', reference };
    if (effect.kind !== step) return contradicted(reference, `a ${effect.kind}`);
    if (step !== 'void' && effect.minor !== amount.minor) {
      return contradicted(reference, 'another amount');
    }
    return this.#decided(effect, amount);
  }

  #decided(effect: Effect, { currency }: Money): OutsideAnswer {
    const { id, kind, reference, chargeId, minor, at, declineCode } = effect;
    const sum = { minor, currency };
    if (declineCode !== undefined) return { kind: 'declined', reference, chargeId, declineCode };
    switch (kind) {
      case 'authorize':
        return { kind: 'authorized', reference, chargeId, ...sum, expiresAt: at + holdMs };
      case 'void':
        return { kind: 'voided', reference, chargeId };
      case 'refund':
        return { kind: 'refunded', reference, chargeId, ...sum };
      case 'payout':
        return { kind: 'paid-out', reference, payoutId: id, ...sum };
      case 'charge':
      case 'capture':
        return { kind: 'captured', reference, chargeId, ...sum };
      default:
        return unreachable(kind);
    }
  }
}

function listed(state: string): ListedCharge['state'] {
  return state === 'pending' || state === 'authorized' ? state : 'captured';
}

function typeOf({ kind }: OutsideAnswer): string {
  return kind === 'paid-out' ? 'payout.paid' : `charge.${kind}`;
}
