-- A person's hand on a breaker, over whatever workers wrote: it holds nobody up and loses no race.
-- Only the two turns of a person, and never without a reason.
create or replace function ledger.operate_breaker_v1(
  p_provider text, p_state jsonb, p_event text, p_actor text, p_reason text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  v_epoch bigint;
begin
  if p_event not in ('breaker.isolated', 'breaker.reset') or coalesce(p_reason, '') = '' then
    raise exception 'not a turn of a person: %', p_event using errcode = '22023';
  end if;
  insert into ledger.breaker as b (provider, epoch, state, changed_at)
  values (p_provider, 1, p_state, v_now)
  on conflict (provider) do update
    set epoch = b.epoch + 1, state = excluded.state, changed_at = excluded.changed_at
  returning b.epoch into v_epoch;
  insert into ledger.breaker_event (provider, epoch, type, actor, reason, at)
  values (p_provider, v_epoch, p_event, p_actor, p_reason, v_now);
  return ledger.breaker_read_v1(p_provider);
end $$;
