import type { ChargePage, ListedCharge } from '../provider.js';
import { field, type Intent, readIntent } from './objects.js';
import { moneyOf } from './amounts.js';
import type { StripeRequests } from './requests.js';

/**
 * Stripe lists by when a PaymentIntent was created and not by when it changed: each round reads
 * those of this long once more. What changes later is told by an event.
 */
const againSeconds = 3_600;

/** Where a round is: what it began with, the newest it met, and after which one it goes on. */
const place = /^(\d{1,12})(?:\.(\d{1,12})\.([\x21-\x7e]{1,255}))?$/;

/** A page of a round through all PaymentIntents with a reference; undefined for what is no list. */
export async function listPage(
  requests: Pick<StripeRequests, 'listIntents'>,
  cursor: string | null,
): Promise<ChargePage | undefined> {
  const [, since = '0', newest = since, after] = place.exec(cursor ?? '0') ?? [];
  const list = await requests.listIntents(Number(since), after);
  const data = field(list, 'data');
  if (!Array.isArray(data)) return undefined;
  const read = data.map((json: unknown) => ({ json, intent: readIntent(json) }));
  const created = read.map(({ json }) => field(json, 'created')).filter(isCount);
  const newestAt = Math.max(Number(newest), ...created);
  const last = read.at(-1)?.intent?.id;
  const isLast = field(list, 'has_more') !== true || last === undefined;
  return {
    data: read.flatMap(({ json, intent }) => (intent ? listedOf(json, intent) : [])),
    unreadable: read.filter(({ intent }) => intent === undefined).length,
    next: isLast ? `${Math.max(0, newestAt - againSeconds)}` : `${since}.${newestAt}.${last}`,
    isLast,
  };
}

/** Nothing for an intent without a reference: somebody else shares the account with us. */
function listedOf(json: unknown, intent: Intent): ListedCharge[] {
  const { id: chargeId, reference, status, authorized, received, expiresAt } = intent;
  if (reference === undefined) return [];
  const refunded = field(field(json, 'latest_charge'), 'amount_refunded');
  return [
    {
      ...{ chargeId, reference, state: stateOf(status), ...authorized },
      capturedMinor: received.minor,
      refundedMinor: moneyOf(refunded, field(json, 'currency'))?.minor ?? 0,
      ...(expiresAt !== undefined && { expiresAt }),
    },
  ];
}

function stateOf(status: string): ListedCharge['state'] {
  if (status === 'succeeded') return 'captured';
  if (status === 'requires_capture') return 'authorized';
  const isGone = ['canceled', 'requires_payment_method', 'requires_action'].includes(status);
  return isGone ? 'gone' : 'pending';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
