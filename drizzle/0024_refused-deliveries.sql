-- A sink can say when it wants to be asked again, and refused events come back spread out. Older workers
-- and relays survive: what they call stays.
-- A sink did not take these: they wait as before, up to a quarter longer so that they do not all
-- come back in one moment, and no less than the sink asks for, up to an hour. Gives how many were
-- set aside. What comes after them is not lent before they are, whatever its own moment says.
create or replace function ledger.refuse_deliveries_v2(
  p_sink text, p_refusals jsonb, p_retry_ms bigint
) returns int
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_dead int := ledger.refuse_deliveries_v1(p_sink, p_refusals, p_retry_ms);
  v_now timestamptz := ledger.clock();
begin
  update ledger.delivery d
     set next_attempt_at = greatest(
       d.next_attempt_at + (d.next_attempt_at - v_now) * random() / 4,
       v_now + least(coalesce(r."retryAfterMs", 0), 3600000) * interval '1 millisecond')
    from jsonb_to_recordset(p_refusals) as r(id bigint, "retryAfterMs" bigint)
   where d.sink = p_sink and d.event = r.id and d.dead_at is null;
  return v_dead;
end $$;

revoke all on function ledger.refuse_deliveries_v2(text, jsonb, bigint) from public;
grant execute on function ledger.refuse_deliveries_v2(text, jsonb, bigint) to holdfast_worker;
