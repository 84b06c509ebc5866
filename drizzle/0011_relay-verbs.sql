-- Lets events leave. Older workers survive: they write events as before, and call neither verb.

-- Lends events to one relay for a while, oldest first. Of an operation only its first unpublished
-- event is ever lent, so that no relay can overtake another: the next one leaves when it has left.
-- A relay that dies gives its events back by the end of the lease.
create or replace function ledger.lease_events_v1(p_limit int, p_lease_ms int) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  v_leased jsonb;
begin
  with leased as (
    update ledger.outbox
       set leased_until = v_now + p_lease_ms * interval '1 millisecond'
     where id in (
       select e.id from ledger.outbox e
        where e.published_at is null and (e.leased_until is null or e.leased_until <= v_now)
          and not exists (select from ledger.outbox before where before.op = e.op
                            and before.seq < e.seq and before.published_at is null)
        order by e.id limit p_limit for update skip locked)
    returning *
  )
  select jsonb_agg(jsonb_build_object('id', l.id, 'opId', o.op_id, 'seq', l.seq, 'type', l.type,
           'tenant', l.tenant, 'subject', l.subject, 'trace', l.trace, 'data', l.data,
           'at', floor(extract(epoch from l.at) * 1000)) order by l.id)
    into v_leased
    from leased l join ledger.operation o on o.id = l.op;
  return coalesce(v_leased, '[]');
end $$;

-- Writes that these events have left; gives how many of them had not been said to before.
create or replace function ledger.mark_published_v1(p_ids jsonb) returns int
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_marked int;
begin
  update ledger.outbox set published_at = ledger.clock()
   where id in (select value::bigint from jsonb_array_elements_text(p_ids))
     and published_at is null;
  get diagnostics v_marked = row_count;
  return v_marked;
end $$;

revoke all on function ledger.lease_events_v1(int, int), ledger.mark_published_v1(jsonb)
  from public;
grant execute on function ledger.lease_events_v1(int, int), ledger.mark_published_v1(jsonb)
  to holdfast_worker;
