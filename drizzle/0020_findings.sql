-- Keeps what reconciliation saw, and how far it read. Older workers survive: all of it is new.
CREATE TABLE "ledger"."finding" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"finding_id" text NOT NULL,
	"tenant" text,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"op" bigint,
	"reference" text,
	"evidence" jsonb NOT NULL,
	"explained" boolean NOT NULL,
	"reason" text,
	"first_seen" timestamp with time zone NOT NULL,
	"last_seen" timestamp with time zone NOT NULL,
	"times" integer DEFAULT 1 NOT NULL,
	"sweep" text NOT NULL,
	"alerted_at" timestamp with time zone,
	"state" text DEFAULT 'open' NOT NULL,
	"resolved_at" timestamp with time zone,
	"resolved_by" text,
	"note" text,
	CONSTRAINT "finding_finding_id_unique" UNIQUE("finding_id"),
	CONSTRAINT "finding_subject" UNIQUE("kind","subject"),
	CONSTRAINT "finding_kind" CHECK (kind in ('unknown-charge', 'amount-differs', 'double-charge', 'captured-more',
        'captured-less', 'left-charge', 'hold-outlived')),
	CONSTRAINT "finding_state" CHECK (state in ('open', 'resolved')),
	CONSTRAINT "finding_explained" CHECK (not explained or reason is not null),
	CONSTRAINT "finding_resolved_by" CHECK ((state = 'resolved') = (resolved_at is not null and resolved_by is not null)),
	CONSTRAINT "finding_times" CHECK (times > 0 and first_seen <= last_seen),
	CONSTRAINT "finding_owner" CHECK (op is null or tenant is not null)
);
--> statement-breakpoint
CREATE TABLE "ledger"."provider_cursor" (
	"provider" text PRIMARY KEY NOT NULL,
	"cursor" text NOT NULL,
	"moved_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "ledger"."finding" ADD CONSTRAINT "finding_op_operation_id_fk" FOREIGN KEY ("op") REFERENCES "ledger"."operation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "finding_open" ON "ledger"."finding" USING btree ("subject") WHERE state = 'open';--> statement-breakpoint
CREATE INDEX "finding_list" ON "ledger"."finding" USING btree ("tenant","state","id");--> statement-breakpoint
CREATE INDEX "finding_resolved" ON "ledger"."finding" USING btree ("resolved_at") WHERE state = 'resolved';--> statement-breakpoint
-- What reconciliation saw. A finding moves no money and decides nothing.

-- Writes what a sweep saw of the subjects that it looked at: what it saw before is moved on, what
-- it sees no more is resolved, and what a person accepted stays so. Gives those that now want an
-- alert: nobody can explain them, two sweeps saw them, and they last; each is given once.
create or replace function ledger.see_findings_v1(
  p_sweep text, p_looked jsonb, p_seen jsonb, p_sustained_ms int
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  v_alerts jsonb;
begin
  insert into ledger.finding as f (finding_id, tenant, kind, subject, op, reference, evidence,
    explained, reason, first_seen, last_seen, sweep)
  select 'finding_' || md5(s.kind || '|' || s.subject), coalesce(o.tenant, s.tenant), s.kind,
         s.subject, o.id, s.reference, s.evidence, s.reason is not null, s.reason, v_now, v_now,
         p_sweep
    from jsonb_to_recordset(p_seen) as s(tenant text, kind text, subject text, "opId" text,
           reference text, evidence jsonb, reason text)
    left join ledger.operation o on o.op_id = s."opId"
   order by s.kind, s.subject
  on conflict (kind, subject) do update
    set evidence = excluded.evidence, explained = excluded.explained, reason = excluded.reason,
        last_seen = v_now, sweep = p_sweep,
        times = case when f.resolved_by = 'reconciler' then 1
                     when f.sweep = p_sweep then f.times else f.times + 1 end,
        first_seen = case f.resolved_by when 'reconciler' then v_now else f.first_seen end,
        alerted_at = case f.resolved_by when 'reconciler' then null else f.alerted_at end,
        state = case f.resolved_by when 'reconciler' then 'open' else f.state end,
        resolved_at = case f.resolved_by when 'reconciler' then null else f.resolved_at end,
        resolved_by = case f.resolved_by when 'reconciler' then null else f.resolved_by end;
  update ledger.finding f
     set state = 'resolved', resolved_at = v_now, resolved_by = 'reconciler'
   where f.state = 'open'
     and f.subject in (select value from jsonb_array_elements_text(p_looked))
     and not exists (select from jsonb_to_recordset(p_seen) as s(kind text, subject text)
                      where (s.kind, s.subject) = (f.kind, f.subject));
  with alerted as (
    update ledger.finding f set alerted_at = v_now
     where f.state = 'open' and not f.explained and f.alerted_at is null and f.times >= 2
       and f.first_seen <= v_now - p_sustained_ms * interval '1 millisecond'
       and f.subject in (select value from jsonb_array_elements_text(p_looked))
    returning f.finding_id, f.kind, f.subject, f.tenant
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', finding_id, 'kind', kind, 'subject', subject,
    'tenant', tenant)), '[]') into v_alerts from alerted;
  return v_alerts;
end $$;

-- Writes that a person accepts a finding, and why. Accepted twice, the first word counts.
create or replace function ledger.accept_finding_v1(
  p_tenant text, p_finding_id text, p_principal text, p_actor text, p_note text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  f ledger.finding;
begin
  update ledger.finding
     set state = 'resolved', resolved_at = ledger.clock(), resolved_by = p_principal,
         note = p_note
   where finding_id = p_finding_id and coalesce(tenant, p_tenant) = p_tenant and state = 'open'
  returning * into f;
  if f.id is null then
    return ledger.refusal(case when exists (
      select from ledger.finding
       where finding_id = p_finding_id and coalesce(tenant, p_tenant) = p_tenant)
      then 'invalid-state' else 'finding-unknown' end, 'there is no such open finding');
  end if;
  insert into ledger.audit (op, tenant, trace, principal, actor, action, subject, detail, at)
  select o.id, o.tenant, o.trace, p_principal, p_actor, 'finding.accepted', f.finding_id,
         jsonb_build_object('kind', f.kind, 'reason', p_note), f.resolved_at
    from ledger.operation o where o.id = f.op;
  return jsonb_build_object('kind', 'accepted');
end $$;

-- Keeps how far the charges of a provider were compared.
create or replace function ledger.move_cursor_v1(p_provider text, p_cursor text) returns void
language sql volatile security definer set search_path = ledger, pg_temp as $$
  insert into ledger.provider_cursor (provider, cursor, moved_at)
  values (p_provider, p_cursor, ledger.clock())
  on conflict (provider) do update set cursor = excluded.cursor, moved_at = excluded.moved_at
$$;

revoke all on function ledger.see_findings_v1(text, jsonb, jsonb, int),
  ledger.accept_finding_v1(text, text, text, text, text),
  ledger.move_cursor_v1(text, text) from public;
grant select on ledger.finding to holdfast_worker, holdfast_reader;
grant select on ledger.provider_cursor to holdfast_worker, holdfast_reader;
grant execute on function ledger.see_findings_v1(text, jsonb, jsonb, int),
  ledger.move_cursor_v1(text, text) to holdfast_worker;
-- The gateway's role speaks for the people.
grant execute on function ledger.accept_finding_v1(text, text, text, text, text)
  to holdfast_reader;
--> statement-breakpoint
-- Begins one capture of a hold: writes the key before the provider is asked. What goes beyond the
-- hold, within the tolerance of what was authorised, is set aside first, so that the second half
-- cannot fail for want of money; and so is the rest, which a charge of its own takes afterwards.
-- A refusal changes nothing and is not kept: it may be asked again. The charge is written down, for
-- a run that begins anew must ask about this capture before it looks at anything else.
create or replace function ledger.capture_v3(
  p_op_id text, p_step text, p_minor bigint, p_final boolean, p_tolerance_percent int,
  p_rest bigint, p_charge_id text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  h ledger.hold;
  v_result jsonb := ledger.step_result(o.id, p_step);
  v_minor bigint;
  v_more bigint;
  v_available bigint;
  v_limit bigint;
begin
  if v_result is not null then return v_result; end if;
  select * into h from ledger.hold where op = o.id;
  if h.state is distinct from 'held' then
    return ledger.refusal('invalid-state', 'nothing is held any more');
  end if;
  v_minor := coalesce(p_minor, h.amount - h.captured);
  v_more := v_minor + p_rest - (h.amount - h.captured);
  if v_minor > o.amount + o.amount * p_tolerance_percent / 100 - h.captured then
    return ledger.refusal('capture-exceeds-hold', 'more than the hold and its tolerance');
  end if;
  if v_more > 0 then
    perform 1 from ledger.account
      where (tenant, account_id) = (select tenant, account_id from ledger.account
                                     where id = h.account)
      order by id for no key update;
    select sum(a.posted - a.held) + min(a.overdraft_limit) into v_available
      from ledger.account a join ledger.account own on own.id = h.account
     where a.tenant = own.tenant and a.account_id = own.account_id;
    if v_available < v_more then
      return ledger.refusal('insufficient-funds', 'less is available than was asked for');
    end if;
    perform ledger.post(o, p_step, jsonb_build_array(
      jsonb_build_object('account', h.account, 'posted', 0, 'held', v_more)));
    update ledger.hold set amount = amount + v_more where op = o.id;
  end if;
  return ledger.finish(o, p_step, jsonb_strip_nulls(jsonb_build_object('kind', 'capturing',
    'opId', o.op_id, 'reference', ledger.write_attempt(o, p_step, 1, v_minor), 'minor', v_minor,
    'final', p_final, 'chargeId', p_charge_id, 'rest', nullif(p_rest, 0))), 'IN_PROGRESS',
    'charging', 'hold.capturing');
end $$;

revoke all on function ledger.capture_v3(text, text, bigint, boolean, int, bigint, text)
  from public;
grant execute on function ledger.capture_v3(text, text, bigint, boolean, int, bigint, text)
  to holdfast_worker;
--> statement-breakpoint
-- Volatile, to read what stands once the operation's row is locked. A capture is open until it is
-- settled, or the phase says that the hold waits again since it was refused; with a rest it is open
-- until the rest ends the operation.
create or replace function ledger.resumed(p_held jsonb) returns jsonb
language plpgsql volatile as $$
declare
  o ledger.operation;
  h ledger.hold;
  c record;
  v_acts int;
begin
  if p_held ->> 'kind' is distinct from 'held' or p_held -> 'replayed' is null then
    return p_held;
  end if;
  o := ledger.operation_known(p_held ->> 'opId');
  select * into h from ledger.hold where op = o.id;
  select max(split_part(step, '.', 2)::int) into v_acts
    from ledger.step where op = o.id and step ~ '^(capture|extend)[.][0-9]+$';
  if v_acts is null then return p_held; end if;
  select split_part(s.step, '.', 2)::int as n, s.result, a.key, a.sent_at, exists (
           select from ledger.step done
            where done.op = o.id and done.step = replace(s.step, 'capture', 'settle')) as settled
    into c
    from ledger.step s
    join lateral (
      select key, sent_at from ledger.attempt where op = s.op and step = s.step
       order by n desc limit 1) a on true
   where s.op = o.id and s.step ~ '^capture[.][0-9]+$'
   order by 1 desc limit 1;
  return p_held || jsonb_strip_nulls(jsonb_build_object(
    'expiresAt', (extract(epoch from h.expires_at) * 1000)::bigint,
    'resumes', jsonb_build_object('acts', v_acts, 'captured', h.captured, 'open', case
      when c.settled and c.result -> 'rest' is null then null
      when not c.settled and o.phase = 'held' then null
      when c.n is not null then jsonb_build_object('n', c.n, 'minor', c.result -> 'minor',
        'final', c.result -> 'final', 'rest', c.result -> 'rest', 'chargeId',
        c.result -> 'chargeId', 'reference', c.key,
        'sentAt', floor(extract(epoch from c.sent_at) * 1000)) end)));
end $$;

-- A hold that was met again goes on where the run before it stopped: how many captures and other
-- ends were begun, what is captured, and which capture is still open.
create or replace function ledger.hold_v3(p_envelope jsonb) returns jsonb
language sql volatile security definer set search_path = ledger, pg_temp as $$
  select ledger.resumed(ledger.hold_v2(p_envelope))
$$;

create or replace function ledger.hold_ride_v2(p_envelope jsonb, p_match jsonb) returns jsonb
language sql volatile security definer set search_path = ledger, pg_temp as $$
  select ledger.resumed(ledger.hold_ride_v1(p_envelope, p_match))
$$;

revoke all on function ledger.hold_v3(jsonb), ledger.hold_ride_v2(jsonb, jsonb),
  ledger.resumed(jsonb) from public;
grant execute on function ledger.hold_v3(jsonb), ledger.hold_ride_v2(jsonb, jsonb)
  to holdfast_worker;
--> statement-breakpoint
-- Forgets what nobody asks for any more, so many rows of each kind at most: events that left,
-- webhooks that were decided, findings that are resolved. What waits for somebody stays, and so do
-- operations, entries, steps and audit, for ever.
create or replace function ledger.prune_v1(p_older_than interval, p_limit int) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_before timestamptz := ledger.clock() - p_older_than;
  v_events int;
  v_webhooks int;
  v_findings int;
begin
  delete from ledger.outbox where id in (
    select id from ledger.outbox where published_at < v_before
     order by id limit p_limit for update skip locked);
  get diagnostics v_events = row_count;
  delete from ledger.webhook where id in (
    select id from ledger.webhook
     where state in ('applied', 'ignored') and received_at < v_before
     order by id limit p_limit for update skip locked);
  get diagnostics v_webhooks = row_count;
  delete from ledger.finding where id in (
    select id from ledger.finding
     where state = 'resolved' and greatest(resolved_at, last_seen) < v_before
     order by id limit p_limit for update skip locked);
  get diagnostics v_findings = row_count;
  return jsonb_build_object('events', v_events, 'webhooks', v_webhooks, 'findings', v_findings);
end $$;

revoke all on function ledger.prune_v1(interval, int) from public;
grant execute on function ledger.prune_v1(interval, int) to holdfast_worker;
