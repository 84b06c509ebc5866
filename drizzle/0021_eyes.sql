-- What people are told of, and whether sweeps go on. Older workers survive, but a sweep of theirs
-- does not say that it ended: three minutes after this, people are told of the silence.
CREATE TABLE "ledger"."alert" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"detail" jsonb NOT NULL,
	"raised_at" timestamp with time zone NOT NULL,
	"try_at" timestamp with time zone NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"sent_at" timestamp with time zone,
	CONSTRAINT "alert_incident" UNIQUE("kind","subject"),
	CONSTRAINT "alert_kind" CHECK (kind in ('leak', 'parked', 'workflow-frozen', 'breaker-open', 'reconciler-silent'))
);
--> statement-breakpoint
CREATE TABLE "ledger"."pulse" (
	"name" text PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "alert_unsent" ON "ledger"."alert" USING btree ("try_at") WHERE sent_at is null;
--> statement-breakpoint
-- The silence of a reconciler that never ran begins now.
insert into ledger.pulse (name, at) values ('reconciler', ledger.clock());
--> statement-breakpoint
-- What people are told of, once each: a row per kind and subject, which names one incident. Rows
-- stay when an incident has ended, so that it is not told of again.

-- Says that something goes on.
create or replace function ledger.pulse_v1(p_name text) returns boolean
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  insert into ledger.pulse as p (name, at) values (p_name, ledger.clock())
  on conflict (name) do update set at = greatest(p.at, excluded.at);
  return true;
end $$;

-- Writes down an incident; false when it was written down before.
create or replace function ledger.raise_alert_v1(p_kind text, p_subject text, p_detail jsonb)
returns boolean
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
begin
  insert into ledger.alert (kind, subject, detail, raised_at, try_at)
  values (p_kind, p_subject, p_detail, v_now, v_now)
  on conflict (kind, subject) do nothing;
  return found;
end $$;

-- Writes down what can be seen here; gives how many incidents are new.
create or replace function ledger.raise_alerts_v1(p_silent_ms int, p_limit int) returns int
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  v_raised int;
begin
  insert into ledger.alert (kind, subject, detail, raised_at, try_at)
  select i.kind, i.subject, i.detail, v_now, v_now
    from (
      select 'parked' as kind, c.case_id as subject,
             jsonb_build_object('tenant', c.tenant, 'opId', o.op_id, 'case', c.kind,
               'minor', c.amount_at_risk, 'currency', c.currency) as detail
        from ledger.case c join ledger.operation o on o.id = c.op
       where c.state <> 'ended'
      union all
      select 'leak', o.op_id,
             jsonb_build_object('tenant', o.tenant, 'opId', o.op_id, 'currency', h.currency,
               'minor', h.amount - h.captured - h.released)
        from ledger.hold h join ledger.operation o on o.id = h.op
       where h.state = 'held' and o.state in ('COMPLETED', 'FAILED')
      union all
      -- From its first opening to its closing: one that opens again and again is one incident.
      select 'breaker-open', b.provider || ':' || min(e.epoch),
             jsonb_build_object('provider', b.provider, 'since', min(e.at))
        from ledger.breaker b join ledger.breaker_event e on e.provider = b.provider
       where e.type = 'breaker.opened' and e.epoch > coalesce((
               select max(c.epoch) from ledger.breaker_event c
                where c.provider = b.provider and c.type in ('breaker.closed', 'breaker.reset')), 0)
       group by b.provider
      union all
      select 'reconciler-silent', extract(epoch from p.at)::text,
             jsonb_build_object('since', p.at)
        from ledger.pulse p
       where p.name = 'reconciler'
         and p.at < v_now - p_silent_ms * interval '1 millisecond') i
   where not exists (
     select from ledger.alert a where a.kind = i.kind and a.subject = i.subject)
   limit p_limit
  on conflict (kind, subject) do nothing;
  get diagnostics v_raised = row_count;
  return v_raised;
end $$;

-- Lends what nobody has taken. What is not marked until then is lent again, each time twice as
-- long after, 64 times as long at most, and for ever.
create or replace function ledger.lease_alerts_v1(p_limit int, p_lease_ms int) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  v_leased jsonb;
begin
  with leased as (
    update ledger.alert
       set tries = tries + 1,
           try_at = v_now + p_lease_ms * power(2, least(tries, 6)) * interval '1 millisecond'
     where id in (
       select id from ledger.alert where sent_at is null and try_at <= v_now
        order by try_at, id limit p_limit for update skip locked)
    returning *
  )
  select jsonb_agg(jsonb_build_object('id', id, 'kind', kind, 'subject', subject,
           'detail', detail, 'raisedAt', raised_at) order by id)
    into v_leased from leased;
  return coalesce(v_leased, '[]');
end $$;

-- Writes that somebody took it.
create or replace function ledger.alert_sent_v1(p_id bigint) returns boolean
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  update ledger.alert set sent_at = ledger.clock() where id = p_id and sent_at is null;
  return found;
end $$;

revoke all on function ledger.pulse_v1(text), ledger.raise_alert_v1(text, text, jsonb),
  ledger.raise_alerts_v1(int, int), ledger.lease_alerts_v1(int, int), ledger.alert_sent_v1(bigint)
  from public;
grant select on ledger.alert, ledger.pulse to holdfast_worker, holdfast_reader;
grant execute on function ledger.pulse_v1(text), ledger.raise_alert_v1(text, text, jsonb),
  ledger.raise_alerts_v1(int, int), ledger.lease_alerts_v1(int, int), ledger.alert_sent_v1(bigint)
  to holdfast_worker;
--> statement-breakpoint
-- What providers tell us by themselves. The gateway's role may call these and write nothing else.

-- A stored event as those who apply it need it, with its operation as that stands now.
create or replace function ledger.webhook_view(w ledger.webhook) returns jsonb
language sql stable as $$
  select jsonb_build_object('provider', w.provider, 'eventId', w.event_id, 'state', w.state,
    'evidence', w.evidence, 'op', (
      select jsonb_build_object('tenant', o.tenant, 'opId', o.op_id, 'trace', o.trace,
               'state', o.state, 'outcome', o.outcome)
        from ledger.operation o where o.op_id = w.op_id))
$$;

-- Stores an event once and matches it to the operation whose attempt has its reference. A
-- repetition stores nothing: what counts is what came first.
create or replace function ledger.record_webhook_v1(
  p_provider text, p_event_id text, p_type text, p_reference text, p_evidence jsonb,
  p_happened_at bigint
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  w ledger.webhook;
  v_fresh boolean;
begin
  insert into ledger.webhook (
    provider, event_id, type, reference, evidence, happened_at, received_at, op_id, tenant)
  select p_provider, p_event_id, p_type, p_reference, p_evidence,
         to_timestamp(p_happened_at::numeric / 1000), ledger.clock(), o.op_id, o.tenant
    from (select) as always
    left join (ledger.attempt a join ledger.operation o on o.id = a.op) on a.key = p_reference
  on conflict (provider, event_id) do nothing;
  v_fresh := found;
  select * into w from ledger.webhook where provider = p_provider and event_id = p_event_id;
  return ledger.webhook_view(w) || jsonb_build_object('fresh', v_fresh);
end $$;

-- Says what became of an event; true when this is what decided it. What was applied stays so.
create or replace function ledger.webhook_applied_v1(
  p_provider text, p_event_id text, p_state text, p_reason text
) returns boolean
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  update ledger.webhook
     set state = p_state, reason = p_reason,
         applied_at = case p_state when 'applied' then ledger.clock() end
   where provider = p_provider and event_id = p_event_id and state = 'received';
  return found;
end $$;

-- The events that nobody has decided yet, in the order in which they came.
create or replace function ledger.waiting_webhooks_v1(p_limit int) returns jsonb
language sql stable security definer set search_path = ledger, pg_temp as $$
  select coalesce(jsonb_agg(ledger.webhook_view(w) order by w.id), '[]')
    from ledger.webhook w
   where w.id in (
     select id from ledger.webhook where state = 'received' order by id limit p_limit)
$$;

revoke all on function ledger.webhook_view(ledger.webhook),
  ledger.record_webhook_v1(text, text, text, text, jsonb, bigint),
  ledger.webhook_applied_v1(text, text, text, text),
  ledger.waiting_webhooks_v1(int) from public;
grant select on ledger.webhook to holdfast_worker, holdfast_reader;
-- To the worker too: a sweep there may apply what the gateway could not.
grant execute on function ledger.record_webhook_v1(text, text, text, text, jsonb, bigint),
  ledger.webhook_applied_v1(text, text, text, text),
  ledger.waiting_webhooks_v1(int) to holdfast_worker, holdfast_reader;
