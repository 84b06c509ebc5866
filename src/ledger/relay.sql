-- Events leave in two steps. Handing on: an event that was written becomes a delivery for each
-- sink, whatever order its transaction committed in. Lending: of an operation only the first event
-- that a sink is still owed is lent, so that no relay can overtake another. A relay that dies gives
-- its events back by the end of the lease. What is taken has no delivery any more.

-- Makes a sink known: it is owed every event that is handed on from then on. True when it is new.
create or replace function ledger.open_sink_v1(p_sink text) returns boolean
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  insert into ledger.sink (name, since) values (p_sink, ledger.clock()) on conflict do nothing;
  return found;
end $$;

-- Lends events of a sink to one relay for a while.
create or replace function ledger.lease_deliveries_v1(p_sink text, p_limit int, p_lease_ms int)
returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  v_lent jsonb;
begin
  -- Without it, events would be handed on to nobody.
  if not exists (select from ledger.sink where name = p_sink) then
    raise exception 'no such sink: %', p_sink using errcode = '22023';
  end if;
  update ledger.sink set leased_at = v_now
   where name = p_sink and coalesce(leased_at < v_now - interval '10 seconds', true);
  with handed as (
    update ledger.outbox set published_at = v_now
     where id in (select id from ledger.outbox where published_at is null
                   order by id limit 500 for update skip locked)
    returning *
  )
  insert into ledger.delivery (sink, event, op, seq, tenant, trace, next_attempt_at)
  select s.name, h.id, h.op, h.seq, h.tenant, h.trace, v_now from handed h cross join ledger.sink s;
  with lent as (
    update ledger.delivery
       set next_attempt_at = v_now + p_lease_ms * interval '1 millisecond'
     where sink = p_sink and event in (
       select d.event from ledger.delivery d
        where d.sink = p_sink and d.dead_at is null and d.next_attempt_at <= v_now
          and not exists (select from ledger.delivery before
                           where before.sink = p_sink and before.op = d.op
                             and before.seq < d.seq and before.dead_at is null)
          -- Another relay may be handing on the one before it right now.
          and not exists (select from ledger.outbox before where before.op = d.op
                            and before.seq < d.seq and before.published_at is null)
        order by d.next_attempt_at, d.event limit p_limit for update skip locked)
    returning event
  )
  select jsonb_agg(jsonb_build_object('id', e.id, 'opId', o.op_id, 'seq', e.seq, 'type', e.type,
           'tenant', e.tenant, 'subject', e.subject, 'trace', e.trace, 'data', e.data,
           'at', floor(extract(epoch from e.at) * 1000)) order by e.id)
    into v_lent
    from lent l join ledger.outbox e on e.id = l.event join ledger.operation o on o.id = e.op;
  return coalesce(v_lent, '[]');
end $$;

-- A sink has taken these; gives how many of them it was still owed.
create or replace function ledger.deliver_v1(p_sink text, p_ids jsonb) returns int
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_taken int;
begin
  delete from ledger.delivery
   where sink = p_sink
     and event in (select value::bigint from jsonb_array_elements_text(p_ids));
  get diagnostics v_taken = row_count;
  return v_taken;
end $$;

-- A sink did not take these: each waits twice as long as before, an hour at most. One that is
-- refused for good, or for longer than the retry time, is set aside. Gives how many were.
create or replace function ledger.refuse_deliveries_v1(
  p_sink text, p_refusals jsonb, p_retry_ms bigint
) returns int
language sql volatile security definer set search_path = ledger, pg_temp as $$
  with moment as materialized (select ledger.clock() as at), refused as (
    update ledger.delivery d
       set attempts = d.attempts + 1, reason = left(r.reason, 500),
           refused_since = coalesce(d.refused_since, m.at),
           next_attempt_at = m.at + least(2 ^ least(d.attempts, 12), 3600) * interval '1 second',
           dead_at = case when r."forGood" or m.at >= coalesce(d.refused_since, m.at)
             + p_retry_ms * interval '1 millisecond' then m.at end
      from jsonb_to_recordset(p_refusals) as r(id bigint, reason text, "forGood" boolean), moment m
     where d.sink = p_sink and d.event = r.id and d.dead_at is null
    returning d.*
  ), behind as (
    -- They cannot leave before it does: nobody need look at them until then.
    update ledger.delivery b set next_attempt_at = r.next_attempt_at
      from refused r
     where b.sink = r.sink and b.op = r.op and b.seq > r.seq
       and r.dead_at is null and b.dead_at is null
  )
  select count(*)::int from refused where dead_at is not null
$$;

-- A person wants a sink to get an event again, whatever became of it, or all that are dead: up to
-- 1,000 of the tenant, oldest first. What a sink is still owed anyway is left as it is.
create or replace function ledger.redeliver_v1(
  p_tenant text, p_sink text, p_event_id text, p_principal text, p_actor text, p_reason text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  v_events bigint[];
begin
  if coalesce(p_reason, '') = '' or coalesce(p_principal, '') = '' then
    raise exception 'an action needs a person and a reason' using errcode = '22023';
  end if;
  if not exists (select from ledger.sink where name = p_sink) then
    return ledger.refusal('sink-unknown', 'there is no such sink');
  end if;
  if p_event_id is null then
    select array_agg(event) into v_events from (
      select event from ledger.delivery
       where tenant = p_tenant and sink = p_sink and dead_at is not null
       order by event limit 1000) as oldest;
  else
    -- One that is not handed on yet is owed to every sink.
    select array_agg(e.id) into v_events
      from ledger.outbox e join ledger.operation o on o.id = e.op
     where o.op_id = split_part(p_event_id, '.', 1) and o.tenant = p_tenant
       and e.seq = substring(p_event_id from '^[^.]+[.]([1-9][0-9]{0,8})$')::int
       and e.published_at is not null;
    if v_events is null then
      return ledger.refusal('event-unknown', 'there is no such event');
    end if;
  end if;
  with again as (
    insert into ledger.delivery as d (sink, event, op, seq, tenant, trace, next_attempt_at)
    select p_sink, id, op, seq, tenant, trace, v_now from ledger.outbox
     where id = any (v_events) order by id
    on conflict (sink, event) do update
       set attempts = 0, next_attempt_at = v_now, refused_since = null, reason = null,
           dead_at = null
     where d.dead_at is not null
    returning event
  ), noted as (
    insert into ledger.audit (op, tenant, trace, principal, actor, action, subject, detail, at)
    select o.id, o.tenant, o.trace, p_principal, p_actor, 'event.redeliver',
           o.op_id || '.' || e.seq, jsonb_build_object('sink', p_sink, 'reason', p_reason), v_now
      from again a join ledger.outbox e on e.id = a.event join ledger.operation o on o.id = e.op
    returning 1
  )
  select array_agg(event) into v_events from again;
  return jsonb_build_object('kind', 'redelivered',
    'events', coalesce(cardinality(v_events), 0));
end $$;

-- A person retires a sink: nobody is to take its events any more. Forgets what it is owed, up to
-- 10,000 at once so that it ends within a statement's time, and the sink with the last of it. While
-- a relay takes from it, it would only come back: it is refused.
create or replace function ledger.close_sink_v1(
  p_sink text, p_principal text, p_actor text, p_reason text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  v_leased_at timestamptz;
  v_events int;
  v_left boolean;
begin
  if coalesce(p_reason, '') = '' or coalesce(p_principal, '') = '' then
    raise exception 'an action needs a person and a reason' using errcode = '22023';
  end if;
  -- Waits for those who hand events on to it. One who begins to meanwhile fails, and begins again.
  select leased_at into v_leased_at from ledger.sink where name = p_sink for update;
  if not found then return ledger.refusal('sink-unknown', 'there is no such sink'); end if;
  if v_leased_at > v_now - interval '1 minute' then
    return ledger.refusal('invalid-state', 'a relay takes from it: take it out of EVENT_SINKS');
  end if;
  with forgotten as (
    delete from ledger.delivery where sink = p_sink and event in (
      select event from ledger.delivery where sink = p_sink order by event limit 10000)
    returning *
  ), noted as (
    insert into ledger.audit (op, tenant, trace, principal, actor, action, subject, detail, at)
    select o.id, o.tenant, o.trace, p_principal, p_actor, 'event.forget', o.op_id || '.' || f.seq,
           jsonb_build_object('sink', p_sink, 'reason', p_reason), v_now
      from forgotten f join ledger.operation o on o.id = f.op
  )
  select count(*) into v_events from forgotten;
  v_left := exists (select from ledger.delivery where sink = p_sink);
  if not v_left then delete from ledger.sink where name = p_sink; end if;
  return jsonb_build_object('kind', 'retired', 'events', v_events, 'left', v_left);
end $$;

revoke all on function ledger.open_sink_v1(text), ledger.lease_deliveries_v1(text, int, int),
  ledger.deliver_v1(text, jsonb), ledger.refuse_deliveries_v1(text, jsonb, bigint),
  ledger.redeliver_v1(text, text, text, text, text, text),
  ledger.close_sink_v1(text, text, text, text) from public;
grant select on ledger.sink, ledger.delivery to holdfast_worker, holdfast_reader;
grant execute on function ledger.open_sink_v1(text),
  ledger.lease_deliveries_v1(text, int, int), ledger.deliver_v1(text, jsonb),
  ledger.refuse_deliveries_v1(text, jsonb, bigint) to holdfast_worker;
-- The gateway's role speaks for the people.
grant execute on function ledger.redeliver_v1(text, text, text, text, text, text),
  ledger.close_sink_v1(text, text, text, text) to holdfast_reader;
