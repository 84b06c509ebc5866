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
