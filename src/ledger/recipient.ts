import type { Database } from '../database/index.js';
import type { Channel, Fail, OpId, Recipient } from '../domain/index.js';

/** An address as it is kept: sealed as base64, a digest under a secret key, and masked. */
export interface KeptAddress {
  readonly channel: Channel;
  readonly sealed: string;
  readonly digest: string;
  readonly masked: string;
}

/** A recipient as it is shown: no address but masked. */
export interface RecipientRow extends Omit<Recipient, 'addresses'> {
  readonly id: string;
  readonly version: number;
  readonly addresses: readonly {
    readonly channel: Channel;
    readonly masked: string;
    /** True for one that refused everything: it is skipped until another takes its place. */
    readonly refused: boolean;
  }[];
  /** How many notices it was given in the last hour. */
  readonly lately: number;
}

/** Who asks, and whose a recipient must be, for who may have but their own. */
export interface RecipientKey {
  readonly tenant: string;
  readonly id: string;
  readonly owner?: string | undefined;
}

/** Whom notices are for, and what providers tell of them. */
export interface NoticeDesk {
  /** Registers it or changes it. Refuses: recipient-unknown (another's), time-zone-unknown. */
  put(
    key: RecipientKey,
    by: { readonly principal: string; readonly trace: string },
    settings: Omit<Recipient, 'addresses'>,
    addresses: readonly KeptAddress[],
  ): Promise<{ readonly kind: 'registered'; readonly version: number } | RecipientRefusal>;
  find(key: RecipientKey): Promise<RecipientRow | undefined>;
  /** What was done about a notice, oldest first; addresses masked. */
  deliveries(opId: OpId): Promise<readonly DeliveryRow[]>;
  /** Writes what a channel's provider told; gives whose it is, undefined when it is not known. */
  report(deliveryId: string, report: string, cause: string | undefined): Promise<OpId | undefined>;
}

/** One delivery, as it stands. */
export interface DeliveryRow {
  readonly deliveryId: string;
  readonly channel: Channel;
  readonly to: string;
  readonly state: 'begun' | 'unknown' | 'failed' | 'sent';
  readonly code?: string;
  /** RFC 3339, as all below. */
  readonly begunAt: string;
  readonly sentAt?: string;
  readonly report?: 'under-way' | 'delivered' | 'refused' | 'address-refused';
}

type RecipientRefusal = Omit<Fail, 'code'> & {
  readonly code: 'recipient-unknown' | 'time-zone-unknown';
};

const rfc3339 = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';

/** The desk over one database, as the gateway's role. */
export function createNoticeDesk(database: Database): NoticeDesk {
  return {
    put: ({ tenant, id, owner = null }, { principal, trace }, settings, addresses) =>
      database.call(
        'ledger.put_recipient_v1',
        ...[tenant, id, trace, principal, owner, settings, addresses],
      ),
    find: async ({ tenant, id, owner = null }) => {
      const [row] = await database.sql<{ recipient: RecipientRow }>`
        select jsonb_strip_nulls(jsonb_build_object('id', r.recipient_id, 'owner', r.owner,
                 'locale', r.locale, 'timeZone', r.time_zone, 'version', r.version,
                 'quietHours', case when r.quiet_from is not null then jsonb_build_object(
                   'from', to_char(r.quiet_from, 'HH24:MI'),
                   'to', to_char(r.quiet_to, 'HH24:MI')) end,
                 'addresses', coalesce((
                   select jsonb_agg(jsonb_build_object('channel', a.channel, 'masked', a.masked,
                            'refused', a.refused_at is not null) order by a.id)
                     from ledger.recipient_address a
                    where a.recipient = r.id and a.replaced_at is null), '[]'),
                 'lately', (
                   select count(*) from ledger.notice w where w.recipient = r.id
                      and w.accepted_at > ledger.clock() - interval '1 hour'))) as recipient
          from ledger.recipient r
         where r.tenant = ${tenant} and r.recipient_id = ${id}
           and (${owner}::text is null or r.owner = ${owner})`;
      return row?.recipient;
    },
    deliveries: async (opId) => {
      const rows = await database.sql<{ delivery: DeliveryRow }>`
        select jsonb_strip_nulls(jsonb_build_object('deliveryId', d.delivery_id,
                 'channel', d.channel, 'to', a.masked, 'state', d.state, 'code', d.answer -> 'code',
                 'begunAt', to_char(d.begun_at at time zone 'utc', ${rfc3339}::text),
                 'sentAt', to_char(d.sent_at at time zone 'utc', ${rfc3339}::text),
                 'report', d.report)) as delivery
          from ledger.operation o
          join ledger.notice_delivery d on d.op = o.id
          join ledger.recipient_address a on a.id = d.address
         where o.op_id = ${opId} order by d.begun_at, d.n limit 100`;
      return rows.map(({ delivery }) => delivery);
    },
    report: async (deliveryId, report, cause) => {
      const known = await database.call<boolean>(
        'ledger.report_delivery_v1',
        ...[deliveryId, report, cause ?? null],
      );
      return known ? (deliveryId.split(':')[0] as OpId) : undefined;
    },
  };
}
