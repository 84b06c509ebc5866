import {
  type Contradicted,
  least,
  type Money,
  type OutsideAnswer,
  unreachable,
} from '../../domain/index.js';
import type { OutsideRequest } from '../provider.js';
import { collectionOf } from './requests.js';

/**
 * The answer to a step as evidence, checked against the request; undefined for what cannot be
 * read, which proves nothing.
 */
export function readPerformed(json: unknown, request: OutsideRequest): OutsideAnswer | undefined {
  switch (request.step) {
    case 'charge':
    case 'authorize':
      return readCharge(json, request, false);
    case 'capture':
    case 'void':
    case 'refund':
      return readMovedCharge(json, request);
    case 'payout':
      return readPayout(json, request);
    default:
      return unreachable(request.step);
  }
}

/**
 * The one thing in a list that a look-up or fence answered, checked against the request; null for
 * an empty list, undefined for what is no such list. A fence must also say what it closed.
 */
export function readStanding(
  json: unknown,
  request: OutsideRequest,
  isFence: boolean,
): OutsideAnswer | null | undefined {
  const { reference, step } = request;
  const data = listIn(json);
  if (data === undefined) return undefined;
  if (isFence) {
    if (field(json, 'fenced') !== true) return undefined;
    if (field(json, 'reference') !== reference) return contradicted(reference, 'another reference');
  }
  if (data.length === 0) return null;
  const [one, ...others] = data.length === 1 ? data : data.filter(standsStill);
  if (one === undefined || others.length > 0) {
    return contradicted(reference, `${data.length} ${collectionOf[step]} under one reference`);
  }
  if (step === 'charge' || step === 'authorize') return readCharge(one, request, true);
  return step === 'payout' ? readPayout(one, request) : readMove(one, request);
}

/** False for what was undone since: of two, a person had one undone at the provider. */
function standsStill(json: unknown): boolean {
  const [captured, refunded] = [field(json, 'capturedAmount'), field(json, 'refundedAmount')];
  if (typeof captured === 'number' && captured > 0 && captured === refunded) return false;
  const undone: readonly unknown[] = ['voided', 'expired', 'declined', 'failed'];
  return !undone.includes(field(json, 'status'));
}

function listIn(json: unknown): readonly unknown[] | undefined {
  const data = field(json, 'data');
  return Array.isArray(data) ? data : undefined;
}

/** The code of a refusal, at most 64 letters of it. */
export function readCode(json: unknown): string | undefined {
  const code = field(json, 'code');
  return typeof code === 'string' ? code.slice(0, 64) : undefined;
}

/** What stands there is not what we asked for. */
export function contradicted(reference: string, detail: string): Contradicted {
  return { kind: 'contradicted', reference, detail };
}

interface Read {
  readonly id: string;
  readonly status: string;
  readonly minor: number;
  readonly currency: string;
  readonly reference: string;
}

/** What everything here has; undefined where something of it is missing. */
function read(json: unknown): Read | undefined {
  const id = field(json, 'id');
  const status = field(json, 'status');
  const minor = field(json, 'amount');
  const currency = field(json, 'currency');
  const reference = field(json, 'reference');
  if (typeof id !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(id)) return undefined;
  if (typeof reference !== 'string' || typeof currency !== 'string') return undefined;
  if (typeof minor !== 'number' || typeof status !== 'string') return undefined;
  return { id, status, minor, currency, reference };
}

function readCharge(
  json: unknown,
  { reference, amount, step }: OutsideRequest,
  isLookUp: boolean,
): OutsideAnswer | undefined {
  const charge = read(json);
  if (charge === undefined) return undefined;
  const odd = oddity(charge, reference, amount);
  if (odd !== undefined) return contradicted(reference, odd);
  const { id: chargeId, status } = charge;
  const capturedMinor = field(json, 'capturedAmount');
  switch (status) {
    case 'captured':
      if (step === 'authorize') return contradicted(reference, 'the charge is captured');
      return capturedMinor === amount.minor
        ? { kind: 'captured', reference, chargeId, ...amountOf(amount) }
        : contradicted(reference, 'another captured amount');
    case 'authorized': {
      if (step === 'charge') return contradicted(reference, 'the charge is authorized');
      if (!isLookUp && capturedMinor !== 0) {
        return contradicted(reference, 'another captured amount');
      }
      const expiresAt = field(json, 'expiresAt');
      const expiry = Number.isSafeInteger(expiresAt) ? { expiresAt: expiresAt as number } : {};
      return { kind: 'authorized', reference, chargeId, ...amountOf(amount), ...expiry };
    }
    case 'voided':
    case 'expired':
      return step === 'authorize' && isLookUp
        ? { kind: 'voided', reference, chargeId }
        : contradicted(reference, `the charge is ${status}`);
    case 'declined':
      return { kind: 'declined', reference, chargeId, declineCode: declineCodeIn(json) };
    case 'pending':
      return { kind: 'pending', reference };
    default:
      return undefined;
  }
}

/** A capture, void or refund as it is looked up. */
function readMove(json: unknown, request: OutsideRequest): OutsideAnswer | undefined {
  const { reference, amount, step } = request;
  const move = read(json);
  const chargeId = field(json, 'chargeId');
  if (move === undefined || typeof chargeId !== 'string') return undefined;
  if (request.chargeId !== undefined && chargeId !== request.chargeId) {
    return contradicted(reference, 'another charge');
  }
  // A void lets go what is left, which is at most what was authorised.
  const minor = step === 'void' ? least(move.minor, amount.minor) : amount.minor;
  const odd = oddity(move, reference, { ...amount, minor });
  if (odd !== undefined) return contradicted(reference, odd);
  switch (move.status) {
    case 'succeeded':
      return moved(request, chargeId);
    case 'failed':
      return { kind: 'declined', reference, chargeId, declineCode: declineCodeIn(json) };
    case 'pending':
      return { kind: 'pending', reference };
    default:
      return undefined;
  }
}

/**
 * The charge as a capture, void or refund left it. It shows sums only, so where the answer also
 * holds the step itself under its name, that is checked too.
 */
function readMovedCharge(json: unknown, request: OutsideRequest): OutsideAnswer | undefined {
  const { reference, amount, chargeId, step } = request;
  const charge = read(json);
  if (charge === undefined || chargeId === undefined) return undefined;
  if (charge.id !== chargeId) return contradicted(reference, 'another charge');
  if (charge.currency !== amount.currency) return contradicted(reference, 'another currency');
  const itself = field(json, step);
  const answer = itself === undefined ? undefined : readMove(itself, request);
  if (itself !== undefined && answer?.kind !== moved(request, chargeId).kind) return answer;
  if (charge.status === 'pending') return { kind: 'pending', reference };
  const odd = sumOddity(json, charge, request);
  return odd === undefined ? moved(request, chargeId) : contradicted(reference, odd);
}

function sumOddity(json: unknown, { status, minor }: Read, request: OutsideRequest) {
  const { step, amount, final } = request;
  if (status === 'declined') return 'the charge is declined';
  if (step === 'void') {
    if (status !== 'voided') return `the charge is ${status}`;
    return minor === amount.minor ? undefined : 'another amount';
  }
  const sum = field(json, step === 'capture' ? 'capturedAmount' : 'refundedAmount');
  // NaN and a missing sum are not "at least" anything.
  if (!(typeof sum === 'number' && sum >= amount.minor)) {
    return step === 'capture' ? 'another captured amount' : 'another refunded amount';
  }
  return final && status === 'authorized' ? 'the charge is still open' : undefined;
}

function moved({ step, reference, amount }: OutsideRequest, chargeId: string) {
  if (step === 'void') return { kind: 'voided', reference, chargeId } as const;
  const kind = step === 'capture' ? 'captured' : 'refunded';
  return { kind, reference, chargeId, ...amountOf(amount) } as const;
}

function readPayout(json: unknown, request: OutsideRequest): OutsideAnswer | undefined {
  const { reference, amount, destination } = request;
  const payout = read(json);
  if (payout === undefined) return undefined;
  const odd = oddity(payout, reference, amount);
  if (odd !== undefined) return contradicted(reference, odd);
  if (destination !== undefined && field(json, 'destination') !== destination) {
    return contradicted(reference, 'another destination');
  }
  switch (payout.status) {
    case 'paid':
      return { kind: 'paid-out', reference, payoutId: payout.id, ...amountOf(amount) };
    case 'failed':
      return { kind: 'declined', reference, declineCode: declineCodeIn(json) };
    case 'pending':
      return { kind: 'pending', reference };
    default:
      return undefined;
  }
}

function oddity(given: Read, reference: string, { minor, currency }: Money): string | undefined {
  if (given.reference !== reference) return 'another reference';
  if (given.minor !== minor) return 'another amount';
  return given.currency === currency ? undefined : 'another currency';
}

function declineCodeIn(json: unknown): string {
  const given = field(json, 'declineCode');
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : 'declined';
}

function amountOf({ minor, currency }: Money): Money {
  return { minor, currency };
}

function field(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null && Object.hasOwn(json, name)
    ? (json as Record<string, unknown>)[name]
    : undefined;
}
