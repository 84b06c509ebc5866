import type { Database } from '../database/index.js';
import type {
  Channel,
  Conflict,
  DeliveryBegun,
  DeliverySkipped,
  Envelope,
  Fail,
  NoticeAccepted,
  NoticeSent,
  NotificationCommand,
  OpId,
  Unknown,
} from '../domain/index.js';

/**
 * Accepts a notice and says when it may be sent. Refuses: recipient-unknown, recipient-limit,
 * idempotency-key-reused. One that has ended answers with its end.
 */
export function acceptNotice(database: Database) {
  return (
    envelope: Envelope<NotificationCommand>,
    recipient: string,
    limitPerHour: number,
  ): Promise<NoticeAccepted | NoticeSent | Fail> =>
    database.call('ledger.accept_notice_v1', envelope, recipient, limitPerHour);
}

/** Writes the id of the n-th delivery on a channel, before the channel is asked. */
export function beginDelivery(database: Database) {
  return (
    opId: OpId,
    channel: Channel,
    n: number,
    run: string,
  ): Promise<DeliveryBegun | DeliverySkipped | Conflict> =>
    database.call('ledger.begin_delivery_v1', opId, channel, n, run);
}

/** Writes that a delivery was not taken, or that nobody knows whether it was. */
export function recordDelivery(database: Database) {
  return (
    opId: OpId,
    deliveryId: string,
    answer: Fail | Unknown,
  ): Promise<{ readonly kind: 'failed' | 'unknown' } | Conflict> =>
    database.call('ledger.record_delivery_v1', opId, deliveryId, answer);
}

/** Ends a notice, by the delivery that a channel took, or by a refusal. */
export function finishNotice(database: Database) {
  return (
    opId: OpId,
    end: Fail | Pick<NoticeSent, 'kind' | 'deliveryId' | 'providerId'>,
  ): Promise<NoticeSent | Fail | Conflict> => database.call('ledger.finish_notice_v1', opId, end);
}

/** What a delivery takes with it. Both secrets are base64 under the ring of keys. */
export interface Letter {
  readonly opId: OpId;
  readonly tenant: string;
  readonly trace: string;
  readonly channel: Channel;
  readonly recipient: string;
  readonly template: string;
  readonly locale: string;
  /** Epoch milliseconds. */
  readonly begunAt: number;
  readonly sealedAddress: string;
  readonly sealed: string;
  /** What its provider told of it by itself. */
  readonly report: 'under-way' | 'delivered' | 'refused' | 'address-refused' | null;
}

/** Letters over one database; undefined for a delivery that was not begun. */
export function createLetters(database: Database) {
  return async (deliveryId: string): Promise<Letter | undefined> => {
    const [row] = await database.sql<{ letter: Letter }>`
      select jsonb_build_object('opId', o.op_id, 'tenant', o.tenant, 'trace', o.trace,
               'channel', d.channel, 'recipient', r.recipient_id, 'template', w.template,
               'locale', w.locale, 'begunAt', floor(extract(epoch from d.begun_at) * 1000),
               'sealedAddress', translate(encode(a.sealed, 'base64'), E'\n', ''),
               'sealed', translate(encode(o.sealed, 'base64'), E'\n', ''),
               'report', d.report) as letter
        from ledger.notice_delivery d
        join ledger.operation o on o.id = d.op
        join ledger.notice w on w.op = d.op
        join ledger.recipient r on r.id = w.recipient
        join ledger.recipient_address a on a.id = d.address
       where d.delivery_id = ${deliveryId}`;
    return row?.letter;
  };
}

export type ReadLetter = ReturnType<typeof createLetters>;

/** The two sides of an operation, and who of them can be told of it, over one database. */
export function createSides(database: Database) {
  return async (tenant: string, opId: OpId): Promise<Sides | undefined> => {
    const [row] = await database.sql<{ sides: Sides }>`
      select jsonb_build_object('domain', o.domain, 'parentDomain', p.domain, 'bizKey', o.biz_key,
               'payer', o.account, 'payee', b.account_id, 'parties', coalesce((
                 select jsonb_agg(jsonb_build_object('role', s.role, 'recipient', r.recipient_id,
                          'channels', on_which.channels) order by s.role)
                   from (values ('payer', o.account), ('payee', b.account_id)) as s(role, account)
                   join ledger.account a
                     on a.tenant = o.tenant and a.account_id = s.account and a.slot = 0
                  cross join lateral (
                    select * from ledger.recipient k
                     where k.tenant = o.tenant and k.owner = a.owner order by k.id limit 1) r
                  cross join lateral (
                    select jsonb_agg(channel order by array_position(
                             '{push,sms,email,webhook}'::text[], channel)) as channels
                      from ledger.recipient_address
                     where recipient = r.id and replaced_at is null and refused_at is null) on_which
                  where on_which.channels is not null), '[]')) as sides
        from ledger.operation o
        left join ledger.operation p on p.op_id = o.parent_op_id
        left join ledger.hold h on h.op = o.id
        left join ledger.account b on b.id = h.payee
       where o.tenant = ${tenant} and o.op_id = ${opId}`;
    return row?.sides;
  };
}

interface Sides {
  readonly domain: string;
  readonly parentDomain: string | null;
  readonly bizKey: string;
  readonly payer: string | null;
  readonly payee: string | null;
  readonly parties: readonly {
    readonly role: 'payer' | 'payee';
    readonly recipient: string;
    readonly channels: readonly Channel[];
  }[];
}
