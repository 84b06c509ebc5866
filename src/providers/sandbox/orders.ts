import { isIdemKey, type ObjectReader, type Parsed, readObject } from '../../domain/index.js';
import type { MoveOrder } from './moves.js';
import type { ChargeOrder, PayoutOrder } from './till.js';

/** The body of `POST /charges`, or all that is wrong with it; so the others. */
export function parseCharge(body: unknown): Parsed<ChargeOrder> {
  const fields = ['reference', 'amount', 'currency', 'capture', 'metadata'];
  return readObject(body, fields, (read) => {
    const metadata = read.optional('metadata', read.texts);
    return {
      reference: referenceIn(read),
      amount: read.amount('amount'),
      currency: read.currency('currency'),
      capture: flagIn(body, 'capture', read),
      ...(metadata !== undefined && { metadata }),
    };
  });
}

/** The body of a capture, void or refund of this charge. */
export function parseMove(
  kind: MoveOrder['kind'],
  chargeId: string,
  body: unknown,
): Parsed<MoveOrder> {
  const fields = { capture: ['amount', 'final'], void: [], refund: ['amount'] }[kind];
  return readObject(body, ['reference', ...fields], (read) => {
    const isFinal = kind === 'capture' && read.optional('final', (at) => flagIn(body, at, read));
    return {
      kind,
      chargeId,
      reference: referenceIn(read),
      ...(kind !== 'void' && { amount: read.amount('amount') }),
      ...(isFinal === true && { final: true }),
    };
  });
}

/** The body of `POST /payouts`. */
export function parsePayout(body: unknown): Parsed<PayoutOrder> {
  const fields = ['reference', 'amount', 'currency', 'destination'];
  return readObject(body, fields, (read) => ({
    reference: referenceIn(read),
    amount: read.amount('amount'),
    currency: read.currency('currency'),
    destination: read.label('destination', 255),
  }));
}

/** The body of `POST /fences`. */
export function parseFence(body: unknown): Parsed<{ readonly reference: string }> {
  return readObject(body, ['reference'], (read) => ({ reference: referenceIn(read) }));
}

function referenceIn(read: ObjectReader): string {
  const reference = read.label('reference', 255);
  const isLabel = /^[\x21-\x7e]{1,255}$/.test(reference);
  if (isLabel && !isIdemKey(reference)) read.fault('reference', 'text-invalid');
  return reference;
}

function flagIn(body: unknown, name: string, read: ObjectReader): boolean {
  const flag = (body as Record<string, unknown>)[name];
  if (typeof flag !== 'boolean') {
    read.fault(name, flag === undefined ? 'field-required' : 'field-invalid');
  }
  return flag === true;
}
