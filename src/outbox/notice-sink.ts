import {
  type Channel,
  type Currency,
  formatMoney,
  type NotificationCommand,
  notificationOf,
  noticePrincipal,
  type OpId,
} from '../domain/index.js';
import { type CloudEvent, tenantOf } from './cloud-event.js';
import type { Sink } from './relay.js';

/** An operation, and who of its two sides can be told of it. */
interface Sides {
  readonly domain: string;
  readonly parentDomain: string | null;
  readonly bizKey: string;
  readonly payer: string | null;
  readonly payee: string | null;
  readonly parties: readonly {
    readonly role: Role;
    readonly recipient: string;
    /** Those on which it has an address, which is one at least. */
    readonly channels: readonly Channel[];
  }[];
}

type Role = 'payer' | 'payee';

export interface NoticeSinkOptions {
  readonly sidesOf: (tenant: string, opId: OpId) => Promise<Sides | undefined>;
  /** Starts a notice: once under one key, however often it is asked. */
  readonly start: (
    command: NotificationCommand,
    options: {
      readonly tenant: string;
      readonly principal: string;
      readonly sealed: object;
      readonly trace: string;
      readonly parentOpId: OpId;
    },
  ) => Promise<unknown>;
  /** True for the refusal of a key under which something else was started. */
  readonly isKeyReused: (error: unknown) => boolean;
}

/**
 * Makes notices of what happens to money: an operation each, under a key that the same event makes
 * again, so that money is never waited for nor touched. Whoever has no recipient is told nothing.
 */
export function createNoticeSink({ sidesOf, start, isKeyReused }: NoticeSinkOptions): Sink {
  return {
    async publish(event) {
      if (!topics.has(event.type)) return undefined;
      const tenant = tenantOf(event);
      const opId = event.subject as OpId;
      const sides = await sidesOf(tenant, opId);
      const story = sides && storyOf(event, sides);
      if (sides === undefined || story === undefined) return undefined;
      const { template, roles, data } = story;
      for (const { role, recipient, channels } of sides.parties) {
        if (!roles.includes(role)) continue;
        const command = notificationOf(`${opId}:${template}:${role}`, {
          ...{ template, channels, bizKey: sides.bizKey },
          // Nobody of the staff is to look after a text about money that has long moved.
          onUnknown: 'next-channel',
        });
        await start(command, {
          ...{ tenant, principal: noticePrincipal, trace: event.traceid, parentOpId: opId },
          sealed: { recipient, data: { ...data, reference: sides.bizKey } },
        }).catch((error: unknown) => {
          // Told before, to an address or on channels of that time.
          if (!isKeyReused(error)) throw error;
        });
      }
      return undefined;
    },
  };
}

interface Story {
  readonly template: string;
  readonly roles: readonly Role[];
  readonly data: Readonly<Record<string, string>>;
}

const topics = new Set(['payment.settled', 'payout.settled', 'hold.held', 'ride.cancelled']);

/** What an event is to those whom it concerns; undefined for what nobody is told. */
function storyOf({ type, data }: CloudEvent, sides: Sides): Story | undefined {
  const { domain, parentDomain, payer, payee } = sides;
  const names = { rider: payer ?? '', driver: payee ?? '' };
  switch (type) {
    case 'payment.settled':
      return { template: 'payment-settled', roles: ['payer'], data: sumOf(data) };
    case 'ride.cancelled':
      return { template: 'ride-cancelled', roles: both, data: {} };
    case 'hold.held':
      return domain === 'Ride' ? { template: 'ride-matched', roles: both, data: names } : undefined;
    case 'payout.settled':
      return parentDomain === 'Ride'
        ? { template: 'ride-paid-out', roles: ['payer'], data: sumOf(data) }
        : undefined;
    default:
      return undefined;
  }
}

const both: readonly Role[] = ['payer', 'payee'];

function sumOf(data: object): { readonly amount: string; readonly currency: string } {
  const { minor, currency } = data as { readonly minor: number; readonly currency: Currency };
  const [amount = ''] = formatMoney(minor, currency).split(' ');
  return { amount, currency };
}
