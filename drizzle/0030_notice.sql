-- Notices: whom they are for, their deliveries, their verbs. Older workers survive: nothing that is
-- theirs changes, and they are given no notice.
CREATE TABLE "ledger"."notice" (
	"op" bigint PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"recipient" bigint NOT NULL,
	"template" text NOT NULL,
	"locale" text NOT NULL,
	"urgent" boolean NOT NULL,
	"accepted_at" timestamp with time zone NOT NULL,
	"begin_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledger"."notice_delivery" (
	"op" bigint NOT NULL,
	"channel" text NOT NULL,
	"n" integer NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"delivery_id" text NOT NULL,
	"address" bigint NOT NULL,
	"run" text NOT NULL,
	"state" text DEFAULT 'begun' NOT NULL,
	"begun_at" timestamp with time zone NOT NULL,
	"sent_at" timestamp with time zone,
	"provider_id" text,
	"answer" jsonb,
	"report" text,
	"reported_at" timestamp with time zone,
	CONSTRAINT "notice_delivery_op_channel_n_pk" PRIMARY KEY("op","channel","n"),
	CONSTRAINT "notice_delivery_delivery_id_unique" UNIQUE("delivery_id"),
	CONSTRAINT "notice_delivery_state" CHECK (state in ('begun', 'unknown', 'failed', 'sent')),
	CONSTRAINT "notice_delivery_sent" CHECK ((state = 'sent') = (sent_at is not null)),
	CONSTRAINT "notice_delivery_report" CHECK ((report is null) = (reported_at is null))
);
--> statement-breakpoint
CREATE TABLE "ledger"."recipient" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"recipient_id" text NOT NULL,
	"owner" text,
	"locale" text NOT NULL,
	"time_zone" text NOT NULL,
	"quiet_from" time,
	"quiet_to" time,
	"version" integer DEFAULT 1 NOT NULL,
	"changed_by" text NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "recipient_key" UNIQUE("tenant","recipient_id"),
	CONSTRAINT "recipient_quiet" CHECK ((quiet_from is null) = (quiet_to is null))
);
--> statement-breakpoint
CREATE TABLE "ledger"."recipient_address" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"recipient" bigint NOT NULL,
	"channel" text NOT NULL,
	"sealed" "bytea" NOT NULL,
	"digest" text NOT NULL,
	"masked" text NOT NULL,
	"refused_at" timestamp with time zone,
	"replaced_at" timestamp with time zone,
	CONSTRAINT "recipient_address_channel" CHECK (channel in ('push', 'sms', 'email', 'webhook'))
);
--> statement-breakpoint
ALTER TABLE "ledger"."notice" ADD CONSTRAINT "notice_op_operation_id_fk" FOREIGN KEY ("op") REFERENCES "ledger"."operation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."notice" ADD CONSTRAINT "notice_recipient_recipient_id_fk" FOREIGN KEY ("recipient") REFERENCES "ledger"."recipient"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."notice_delivery" ADD CONSTRAINT "notice_delivery_op_operation_id_fk" FOREIGN KEY ("op") REFERENCES "ledger"."operation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."notice_delivery" ADD CONSTRAINT "notice_delivery_address_recipient_address_id_fk" FOREIGN KEY ("address") REFERENCES "ledger"."recipient_address"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."recipient_address" ADD CONSTRAINT "recipient_address_recipient_recipient_id_fk" FOREIGN KEY ("recipient") REFERENCES "ledger"."recipient"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "notice_recipient" ON "ledger"."notice" USING btree ("recipient","accepted_at");--> statement-breakpoint
CREATE INDEX "notice_delivery_address" ON "ledger"."notice_delivery" USING btree ("address");--> statement-breakpoint
CREATE INDEX "recipient_owner" ON "ledger"."recipient" USING btree ("tenant","owner","id");--> statement-breakpoint
CREATE UNIQUE INDEX "recipient_address_now" ON "ledger"."recipient_address" USING btree ("recipient","channel") WHERE replaced_at is null;
--> statement-breakpoint
-- A notice: one message to one recipient, by the first channel that takes it. The id of a delivery
-- is written before the channel is asked, as the key of a charge is. The recipient's row is locked
-- after the operation's.

-- When something may be sent that is not urgent: at once, or at the end of the quiet hours, by the
-- clock on the recipient's wall. On a day on which that clock is put on or back too.
create or replace function ledger.quiet_ends(
  p_at timestamptz, p_zone text, p_from time, p_to time
) returns timestamptz
language plpgsql stable as $$
declare
  v_wall timestamp := p_at at time zone p_zone;
  v_ends timestamp := v_wall::date + p_to;
begin
  if p_from is null or not (
    case when p_from < p_to then v_wall::time >= p_from and v_wall::time < p_to
         else v_wall::time >= p_from or v_wall::time < p_to end) then
    return p_at;
  end if;
  if v_ends <= v_wall then v_ends := v_ends + interval '1 day'; end if;
  return greatest(p_at, v_ends at time zone p_zone);
end $$;

-- Accepts a notice and says when it may be sent; no more than p_limit an hour for one recipient.
create or replace function ledger.accept_notice_v1(
  p_envelope jsonb, p_recipient text, p_limit int
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), o.outcome || '{"replayed": true}',
    ledger.step_result(o.id, 'accept'));
  v_asked jsonb := p_envelope #> '{command,payload}';
  v_urgent boolean := coalesce((v_asked ->> 'urgent')::boolean, false);
  v_now timestamptz := ledger.clock();
  v_begin timestamptz;
  r ledger.recipient;
begin
  if v_result is not null then return v_result; end if;
  select * into r from ledger.recipient
   where tenant = o.tenant and recipient_id = p_recipient for no key update;
  v_result := case
    when r.id is null then ledger.refusal('recipient-unknown', 'there is no such recipient')
    when p_limit <= (select count(*) from ledger.notice
                      where recipient = r.id and accepted_at > v_now - interval '1 hour') then
      ledger.refusal('recipient-limit', 'the recipient was sent too much in the last hour')
  end;
  if v_result is not null then
    return ledger.finish(o, 'accept', v_result, 'FAILED', null, 'notification.refused');
  end if;
  v_begin := case when v_urgent then v_now
                  else ledger.quiet_ends(v_now, r.time_zone, r.quiet_from, r.quiet_to) end;
  insert into ledger.notice (op, tenant, trace, recipient, template, locale, urgent, accepted_at,
    begin_at)
  values (o.id, o.tenant, o.trace, r.id, v_asked ->> 'template',
    coalesce(v_asked ->> 'locale', r.locale), v_urgent, v_now, v_begin);
  return ledger.finish(o, 'accept', jsonb_strip_nulls(jsonb_build_object('kind', 'accepted',
    'opId', o.op_id, 'beginAt', case when v_begin > v_now then
      floor(extract(epoch from v_begin) * 1000) end)), 'IN_PROGRESS', null,
    'notification.accepted');
end $$;

-- Writes the id under which a channel is about to be asked, for the address that the recipient has
-- there now. To the run that wrote it this is no repetition: it knows whether it asked.
create or replace function ledger.begin_delivery_v1(
  p_op_id text, p_channel text, p_n int, p_run text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_step text := concat_ws('.', 'begin', p_channel, p_n);
  v_delivery text := p_op_id || ':' || p_channel || '.1:' || p_n;
  v_result jsonb := coalesce(ledger.step_result(o.id, v_step), ledger.not_open(o));
  a ledger.recipient_address;
begin
  if v_result is not null then
    return v_result || coalesce((select jsonb_build_object('state', state)
      from ledger.notice_delivery where op = o.id and channel = p_channel and n = p_n
       and run <> p_run), '{}');
  end if;
  select e.* into a from ledger.notice w
    join ledger.recipient_address e on e.recipient = w.recipient
   where w.op = o.id and e.channel = p_channel and e.replaced_at is null;
  if a.id is null or a.refused_at is not null then
    return ledger.finish(o, v_step, jsonb_build_object('kind', 'skipped', 'channel', p_channel,
      'reason', case when a.id is null then 'no-address' else 'address-refused' end),
      'IN_PROGRESS', null, 'notification.skipped');
  end if;
  insert into ledger.notice_delivery (op, channel, n, tenant, trace, delivery_id, address, run,
    begun_at)
  values (o.id, p_channel, p_n, o.tenant, o.trace, v_delivery, a.id, p_run, ledger.clock());
  return ledger.finish(o, v_step, jsonb_build_object('kind', 'begun', 'channel', p_channel,
    'deliveryId', v_delivery), 'IN_PROGRESS', null, 'notification.sending');
end $$;

-- Writes what is known of a delivery that was not taken: certainly not, or perhaps. An address to
-- which nothing can ever be sent is not tried again.
create or replace function ledger.record_delivery_v1(
  p_op_id text, p_delivery_id text, p_answer jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_state text := case p_answer ->> 'kind' when 'fail' then 'failed' else 'unknown' end;
  v_step text := v_state || '.' || substr(p_delivery_id, length(p_op_id) + 2);
  v_result jsonb := coalesce(ledger.step_result(o.id, v_step), ledger.not_open(o));
  d ledger.notice_delivery;
begin
  if v_result is not null then return v_result; end if;
  update ledger.notice_delivery set state = v_state, answer = p_answer
   where op = o.id and delivery_id = p_delivery_id and state in ('begun', 'unknown')
  returning * into d;
  if d.op is null then
    return jsonb_build_object('kind', 'conflict', 'reason', 'delivery-not-open');
  end if;
  if p_answer ->> 'code' = 'address-refused' then
    update ledger.recipient_address set refused_at = coalesce(refused_at, ledger.clock())
     where id = d.address;
  end if;
  return ledger.finish(o, v_step, jsonb_strip_nulls(jsonb_build_object('kind', v_state,
    'channel', d.channel, 'deliveryId', d.delivery_id, 'code', p_answer -> 'code',
    'reason', coalesce(p_answer -> 'cause', p_answer -> 'reason'))), 'IN_PROGRESS',
    case v_state when 'unknown' then 'in-doubt' end,
    case v_state when 'unknown' then 'notification.in-doubt' else 'notification.undelivered' end);
end $$;

-- Ends a notice: by the delivery that a channel took, which must have been begun, or by a refusal
-- where none was. What the channel calls it stays with the delivery: it may look like anything.
create or replace function ledger.finish_notice_v1(p_op_id text, p_end jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := coalesce(o.outcome || '{"replayed": true}', ledger.not_open(o));
  d ledger.notice_delivery;
begin
  if v_result is not null then return v_result; end if;
  if p_end ->> 'kind' = 'fail' then
    return ledger.finish(o, 'finish', ledger.refusal(p_end ->> 'code', p_end ->> 'message'),
      'FAILED', null, 'notification.refused');
  end if;
  update ledger.notice_delivery
     set state = 'sent', sent_at = ledger.clock(), provider_id = p_end ->> 'providerId'
   where op = o.id and delivery_id = p_end ->> 'deliveryId' and state in ('begun', 'unknown')
  returning * into d;
  if d.op is null then
    return jsonb_build_object('kind', 'conflict', 'reason', 'delivery-not-open');
  end if;
  return ledger.finish(o, 'finish', jsonb_build_object('kind', 'sent', 'opId', o.op_id,
    'channel', d.channel, 'deliveryId', d.delivery_id), 'COMPLETED', null, 'notification.sent');
end $$;

-- What a channel's provider told of a delivery later; false when there is none. A refusal stays
-- what it is, whatever comes in another order.
create or replace function ledger.report_delivery_v1(
  p_delivery_id text, p_report text, p_cause text
) returns boolean
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(split_part(p_delivery_id, ':', 1));
  v_step text := concat_ws('.', 'report', substr(p_delivery_id, length(o.op_id) + 2), p_report);
  d ledger.notice_delivery;
begin
  select * into d from ledger.notice_delivery where op = o.id and delivery_id = p_delivery_id;
  if d.op is null then return false; end if;
  if d.report like '%refused' or ledger.step_result(o.id, v_step) is not null then
    return true;
  end if;
  update ledger.notice_delivery set report = p_report, reported_at = ledger.clock()
   where op = o.id and delivery_id = p_delivery_id;
  if p_report = 'address-refused' then
    update ledger.recipient_address set refused_at = coalesce(refused_at, ledger.clock())
     where id = d.address;
  end if;
  perform ledger.finish(o, v_step, jsonb_strip_nulls(jsonb_build_object('kind', 'reported',
    'deliveryId', p_delivery_id, 'report', p_report, 'cause', p_cause)), o.state, o.phase,
    'notification.reported');
  return true;
end $$;

-- Registers a recipient, or changes it. p_owner is whose it must be, for a caller who may have but
-- his own. An address that is given again keeps what is known of it.
create or replace function ledger.put_recipient_v1(
  p_tenant text, p_recipient text, p_trace text, p_principal text, p_owner text, p_settings jsonb,
  p_addresses jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  r ledger.recipient;
begin
  -- By its name: `UTC+2` would be read as POSIX has it, two hours west.
  if not exists (select from pg_timezone_names where name = p_settings ->> 'timeZone') then
    return ledger.refusal('time-zone-unknown', 'there is no such time zone');
  end if;
  insert into ledger.recipient as k (
    tenant, trace, recipient_id, owner, locale, time_zone, quiet_from, quiet_to, changed_by,
    changed_at)
  values (p_tenant, p_trace, p_recipient, p_settings ->> 'owner', p_settings ->> 'locale',
    p_settings ->> 'timeZone', (p_settings #>> '{quietHours,from}')::time,
    (p_settings #>> '{quietHours,to}')::time, p_principal, v_now)
  on conflict (tenant, recipient_id) do update
     set owner = excluded.owner, locale = excluded.locale, time_zone = excluded.time_zone,
         quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, trace = excluded.trace,
         changed_by = excluded.changed_by, changed_at = v_now, version = k.version + 1
   where p_owner is null or k.owner = p_owner
  returning * into r;
  if r.id is null then
    return ledger.refusal('recipient-unknown', 'there is no such recipient');
  end if;
  update ledger.recipient_address a set replaced_at = v_now
   where a.recipient = r.id and a.replaced_at is null and not exists (
     select from jsonb_to_recordset(p_addresses) as g(channel text, digest text)
      where g.channel = a.channel and g.digest = a.digest);
  insert into ledger.recipient_address (tenant, trace, recipient, channel, sealed, digest, masked)
  select p_tenant, p_trace, r.id, g.channel, decode(g.sealed, 'base64'), g.digest, g.masked
    from jsonb_to_recordset(p_addresses) as g(channel text, sealed text, digest text, masked text)
  on conflict (recipient, channel) where replaced_at is null do nothing;
  return jsonb_build_object('kind', 'registered', 'version', r.version);
end $$;

revoke all on function ledger.quiet_ends(timestamptz, text, time, time),
  ledger.accept_notice_v1(jsonb, text, int), ledger.begin_delivery_v1(text, text, int, text),
  ledger.record_delivery_v1(text, text, jsonb), ledger.finish_notice_v1(text, jsonb),
  ledger.report_delivery_v1(text, text, text),
  ledger.put_recipient_v1(text, text, text, text, text, jsonb, jsonb) from public;
grant select on ledger.recipient, ledger.recipient_address, ledger.notice, ledger.notice_delivery
  to holdfast_worker, holdfast_reader;
grant execute on function ledger.accept_notice_v1(jsonb, text, int),
  ledger.begin_delivery_v1(text, text, int, text), ledger.record_delivery_v1(text, text, jsonb),
  ledger.finish_notice_v1(text, jsonb) to holdfast_worker;
-- The gateway's role registers whom notices are for, and writes what channels tell.
grant execute on function ledger.report_delivery_v1(text, text, text),
  ledger.put_recipient_v1(text, text, text, text, text, jsonb, jsonb) to holdfast_reader;
--> statement-breakpoint
-- What one person does about a case. A notice that no channel delivered holds no money: one person
-- is enough to give it up, or to have it sent again, also where that may be a second time. Its
-- workflow is told, and the case ends with it.
create or replace function ledger.case_act_v2(
  p_tenant text, p_case_id text, p_action text, p_principal text, p_actor text, p_reason text,
  p_charge_id text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation;
  v_kind text := case p_action when 'accept' then 'given-up' else 'again' end;
begin
  if p_action in ('accept', 'retry') and p_reason <> '' and p_principal <> '' then
    select w.* into o from ledger.case c join ledger.operation w on w.id = c.op
     where c.tenant = p_tenant and c.case_id = p_case_id and c.kind = 'parked'
       and c.state <> 'ended' and w.domain = 'Notification' and w.tenant = p_tenant;
  end if;
  if o.id is null then
    return ledger.case_act_v1(p_tenant, p_case_id, p_action, p_principal, p_actor, p_reason,
      p_charge_id);
  end if;
  insert into ledger.audit (op, tenant, trace, principal, actor, action, subject, detail, at)
  values (o.id, o.tenant, o.trace, p_principal, p_actor, 'case.' || p_action, p_case_id,
    jsonb_build_object('kind', v_kind, 'opId', o.op_id, 'reason', p_reason), ledger.clock());
  return jsonb_build_object('kind', v_kind, 'opId', o.op_id);
end $$;

revoke all on function ledger.case_act_v2(text, text, text, text, text, text, text) from public;
grant execute on function ledger.case_act_v2(text, text, text, text, text, text, text)
  to holdfast_reader;
--> statement-breakpoint
-- True for a card's number, by length, first digit and check digit (ISO/IEC 7812-1), a bearer
-- token, or a secret under its name. A moment in milliseconds begins with 1 and is none, nor are
-- digits among the letters of a hash.
create or replace function ledger.shows_secret(p_text text) returns boolean
language sql immutable as $$
  select p_text ~* 'bearer\s+[a-z0-9_-]{8,}\.'
      or p_text ~* '"(cvv|cvc|pan|password|otp)"\s*:\s*"[^*"]'
      or exists (
        select from regexp_matches(p_text, '(?<![0-9a-z])[2-6][0-9]{12,18}(?![0-9a-z])', 'gi') run
         where (select sum(case when place % 2 = 1 then digit
                                when digit > 4 then digit * 2 - 9 else digit * 2 end)
                  from (select d.digit::int, row_number() over (order by d.n desc) as place
                          from regexp_split_to_table(run[1], '') with ordinality d(digit, n)) x
               ) % 10 = 0)
$$;

-- What must hold at every moment: every row that comes back is a violation. Written from the rules
-- and not from the verbs, so that a verb that is wrong cannot agree with it. One STABLE function,
-- so one snapshot. An open operation is PENDING or IN_PROGRESS, a parked one is open and in front
-- of a person; it has ended when COMPLETED, which is settled, or FAILED, which is released.
--
-- It looks at the operations and accounts with ids from p_from to p_to, or at those that something
-- happened to after the event p_after; at all when none is given. An entry is checked against the
-- one before it, so that pages prove what one look at all would; the sum over all accounts is of
-- the first page alone. Rules about time allow p_grace.
create or replace function ledger.violations_v1(
  p_tenant text, p_from bigint, p_to bigint, p_after bigint, p_grace interval
) returns table (name text, subject text)
language sql stable security definer set search_path = ledger, pg_temp as $$
  with op as materialized (
    select o.* from ledger.operation o
     where (p_tenant is null or o.tenant = p_tenant)
       and (p_from is null or o.id between p_from and p_to)
       and (p_after is null or o.id in (select op from ledger.outbox where id > p_after))
  ), line as materialized (
    select e.*, op.op_id, a.tenant as account_tenant, a.kind, a.chain,
           b.version as before_version, b.posted_after as before_posted,
           b.held_after as before_held, b.recorded_at as before_at, b.hash as before_hash
      from op join ledger.entry e on e.op = op.id
      join ledger.account a on a.id = e.account
      left join ledger.entry b on b.account = e.account and b.version = e.version - 1
  ), acct as materialized (
    select a.* from ledger.account a
     where (p_tenant is null or a.tenant = p_tenant)
       and ((p_from is null and p_after is null) or a.id between p_from and p_to
            or a.id in (select account from line))
  ), held as (
    select h.*, op.op_id, op.state as op_state, op.domain from op join ledger.hold h on h.op = op.id
  ), tried as (
    select t.*, op.op_id, op.state as op_state, op.amount as op_amount
      from op join ledger.attempt t on t.op = op.id
  )
  select 'accounts-sum-to-zero', concat_ws(' ', tenant, currency) from ledger.account
   where (p_tenant is null or tenant = p_tenant) and (p_from is null or p_from = 1)
   group by tenant, currency having sum(posted) <> 0
  union all
  select 'step-sums-to-zero', concat_ws(' ', op_id, step) from line group by op_id, step
  having sum(posted_delta) <> 0 or count(distinct currency) > 1
  union all
  select 'balance-is-its-last-entry', a.account_id from acct a
    left join lateral (select * from ledger.entry e where e.account = a.id
                        order by e.version desc limit 1) e on true
   where a.version <> coalesce(e.version, 0) or a.posted <> coalesce(e.posted_after, 0)
      or a.held <> coalesce(e.held_after, 0) or (e.version is not null and a.chain <> e.hash)
  union all
  select 'entry-follows-the-one-before', concat_ws(' ', op_id, account, version) from line
   where (version > 1 and before_version is null)
      or posted_after <> coalesce(before_posted, 0) + posted_delta
      or held_after <> coalesce(before_held, 0) + held_delta
  union all
  select 'entry-is-later-than-the-one-before', concat_ws(' ', op_id, account, version) from line
   where recorded_at <= before_at
  union all
  select 'chain-is-unbroken', concat_ws(' ', op_id, account, version) from line
   where before_hash is not null and hash <> ledger.link(before_hash, account, version, op_id,
           step, posted_delta, held_delta, posted_after, held_after, recorded_at)
  union all
  select 'entry-of-a-step', concat_ws(' ', op_id, step) from line
   where not exists (select from ledger.step s where s.op = line.op and s.step = line.step)
  union all
  select 'entry-within-the-tenant', op_id from line where tenant <> account_tenant
  union all
  select 'held-is-the-open-holds', a.account_id from acct a
    left join ledger.hold h on h.account = a.id and h.state = 'held'
   group by a.id, a.account_id, a.held
  having a.held <> coalesce(sum(h.amount - h.captured - h.released), 0)
  union all
  select 'available-above-its-limit', a.account_id from ledger.account a
   where a.kind <> 'internal'
     and (a.tenant, a.account_id) in (select tenant, account_id from acct)
   group by a.tenant, a.account_id
  having sum(a.posted - a.held) < -min(a.overdraft_limit) or min(a.held) < 0
  union all
  select 'hold-adds-up', op_id from held
   where captured < 0 or released < 0 or captured + released > amount
      or (state <> 'held' and captured + released <> amount) or (not tombstone and amount <= 0)
  union all
  select 'hold-is-open-while-its-operation-is', op_id from held
   where (state = 'held') <> (op_state = 'IN_PROGRESS')
  union all
  select 'captured-hold-is-completed', op_id from held
   where (state = 'captured') <> (op_state = 'COMPLETED')
  union all
  select 'settled-or-released', o.op_id from op o join ledger.step s on s.op = o.id
   where s.step in ('settle', 'release') group by o.op_id having count(*) > 1
  union all
  select 'completed-moved-what-it-says', o.op_id from op o
    left join line e on e.op = o.id and e.posted_delta < 0
   where o.domain <> 'Account' and o.state = 'COMPLETED' group by o.id, o.op_id, o.outcome
  having coalesce(-sum(e.posted_delta), 0) <> coalesce((o.outcome ->> 'minor')::bigint, 0)
  union all
  select 'failed-moved-nothing', o.op_id from op o join line e on e.op = o.id
   where o.state = 'FAILED' group by o.op_id, e.account having sum(e.posted_delta) <> 0
      or sum(e.held_delta) <> 0
  union all
  select 'payment-taken-at-once-moved-its-amount', o.op_id from op o
   where o.domain = 'Payment' and o.state = 'COMPLETED'
     and o.command #>> '{payload,capture}' = 'automatic'
     and (o.outcome ->> 'minor')::bigint <> o.amount
  union all
  select 'refunds-within-what-was-captured', o.op_id from op r
    join ledger.hold one on one.op = r.id and one.parent is not null
    join ledger.operation o on o.id = one.parent
    join ledger.hold h on h.op = o.id join ledger.hold back on back.parent = o.id
   group by o.op_id, one.op, h.captured having sum(back.amount - back.released) > h.captured
  union all
  select 'one-effect-per-step', concat_ws(' ', op_id, step) from tried
   where outcome ->> 'kind' in ('captured', 'authorized', 'refunded', 'paid-out')
   group by op_id, step having count(*) > 1
  union all
  select 'attempt-moved-what-was-asked', key from tried
   where outcome ->> 'kind' in ('captured', 'refunded', 'paid-out')
     and (outcome ->> 'minor')::bigint <> coalesce(amount, op_amount)
  union all
  select 'failed-took-nothing-outside', t.op_id from tried t
   where t.op_state = 'FAILED' and t.outcome ->> 'kind' in ('captured', 'refunded', 'paid-out')
     and not exists (select from ledger.operation late where late.parent_op_id = t.op_id)
  union all
  select 'failed-gave-back-what-it-took', o.op_id from op o
    join ledger.operation p on p.parent_op_id = o.op_id and p.domain = 'Payment'
    join ledger.hold h on h.op = p.id left join ledger.hold back on back.parent = p.id
   where o.state = 'FAILED' group by o.op_id, p.id, h.captured
  having h.captured <> coalesce(sum(back.captured), 0)
  union all
  select 'one-operation-per-key', o.op_id from op o join ledger.operation other
      on (other.tenant, other.principal, other.domain, other.event_type, other.idem_key)
       = (o.tenant, o.principal, o.domain, o.event_type, o.idem_key) and other.id <> o.id
  union all
  select 'ended-with-an-outcome', op_id from op
   where (state in ('COMPLETED', 'FAILED')) <> (outcome is not null)
      or (outcome is not null and phase is not null)
  union all
  select 'events-are-numbered', o.op_id from op o left join ledger.outbox x on x.op = o.id
   group by o.id, o.op_id, o.seq, o.state
  having max(x.seq) <> o.seq or count(x.id) <> max(x.seq) - min(x.seq) + 1
      or (count(x.id) = 0 and o.state not in ('COMPLETED', 'FAILED') and o.seq > 0)
  union all
  select 'end-has-its-event', o.op_id from op o
    join lateral (select at from ledger.outbox e where e.op = o.id and e.type not like 'case.%'
                   order by e.seq desc limit 1) x on true
   where o.outcome is not null and x.at <> o.updated_at
  union all
  select 'event-leaves', concat_ws('.', o.op_id, x.seq) from op o
    join ledger.outbox x on x.op = o.id
   where x.published_at is null and x.at < ledger.clock() - p_grace
  union all
  select 'open-operation-goes-on', op_id from op
   where state in ('PENDING', 'IN_PROGRESS')
     and coalesce(phase, 'charging') in ('charging', 'in-doubt')
     and greatest(updated_at, budget_ends_at) < ledger.clock() - p_grace
     -- It waits for the end of what it started, however long a person takes.
     and not exists (select from ledger.operation c where c.parent_op_id = op.op_id
                        and c.state in ('PENDING', 'IN_PROGRESS'))
  union all
  select 'hold-ends-in-time', op_id from held
   where state = 'held' and expires_at < ledger.clock() - p_grace
     and exists (select from op o where o.id = held.op and o.phase = 'held')
  union all
  select 'webhook-is-applied', concat_ws(' ', provider, event_id) from ledger.webhook w
   where state = 'received' and received_at < ledger.clock() - p_grace
     and (p_tenant is null or w.tenant = p_tenant)
  union all
  select 'step-has-its-audit-line', concat_ws(' ', o.op_id, s.step) from op o
    join ledger.step s on s.op = o.id
   where not exists (select from ledger.audit a where a.op = s.op and a.at = s.at)
  union all
  select 'audit-names-no-secret', o.op_id from op o join ledger.audit a on a.op = o.id
   where ledger.shows_secret(a.detail::text)
  union all
  select 'parked-has-its-case', o.op_id from op o
    left join ledger.case c on c.op = o.id and c.kind = 'parked' and c.state <> 'ended'
   where (o.phase is not distinct from 'parked') <> (c.id is not null)
  union all
  select 'case-says-what-is-held', c.case_id from op o join ledger.case c on c.op = o.id
    left join ledger.hold h on h.op = o.id
   where c.kind = 'parked' and c.state <> 'ended'
     and c.amount_at_risk <> coalesce(h.amount - h.captured - h.released, 0)
  union all
  select 'by-hand-by-two', o.op_id from op o
   where (o.outcome ->> 'byHand' = 'true' or o.domain = 'Correction')
     and 2 > (select count(distinct a.principal) from ledger.audit a where a.op = o.id
       and a.action in ('case.release', 'case.settle', 'finding.corrected'))
  union all
  select 'approved-by-another', o.op_id from op o join ledger.approval p on p.op = o.id
   where p.principal in (o.principal, o.actor) or 1 <> (
     select count(*) from ledger.audit a where a.op = o.id and a.principal = p.principal
        and a.action = 'approval.' || p.verdict)
  union all
  select 'sent-is-one-delivery', o.op_id from op o
    left join ledger.notice_delivery d on d.op = o.id and d.state = 'sent'
   where o.domain = 'Notification' group by o.id, o.op_id, o.state, o.outcome
  having count(d.op) <> (o.state = 'COMPLETED')::int
      or (o.state = 'COMPLETED' and min(d.delivery_id) is distinct from o.outcome ->> 'deliveryId')
  union all
  select 'delivery-was-begun', d.delivery_id from op o join ledger.notice_delivery d on d.op = o.id
   where not exists (select from ledger.step s where s.op = d.op
                        and s.step = concat_ws('.', 'begin', d.channel, d.n)
                        and s.result ->> 'deliveryId' = d.delivery_id)
  union all
  select 'rows-belong-to-their-operation', o.op_id from op o join (
      select op, tenant, trace from ledger.entry union all select op, tenant, trace from ledger.step
      union all select op, tenant, trace from ledger.hold
      union all select op, tenant, trace from ledger.attempt
      union all select op, tenant, trace from ledger.outbox
      union all select op, tenant, trace from ledger.delivery
      union all select op, tenant, trace from ledger.upload
      union all select op, tenant, trace from ledger.upload_part
      union all select op, tenant, trace from ledger.notice
      union all select op, tenant, trace from ledger.notice_delivery
      union all select op, tenant, trace from ledger.audit) r on r.op = o.id
   where (r.tenant, r.trace) is distinct from (o.tenant, o.trace)
  union all
  select * from ledger.upload_violations(p_tenant, p_from, p_to, p_after, p_grace)
$$;

revoke all on function ledger.violations_v1(text, bigint, bigint, bigint, interval),
  ledger.shows_secret(text) from public;
grant execute on function ledger.violations_v1(text, bigint, bigint, bigint, interval)
  to holdfast_worker, holdfast_reader;
