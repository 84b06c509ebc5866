-- The breaker of a provider, shared by all workers. Its rules are in domain/breaker.ts and
-- nowhere else: here a state is only written if nobody wrote since its writer read.

create or replace function ledger.breaker_read_v1(p_provider text) returns jsonb
language plpgsql stable security definer set search_path = ledger, pg_temp as $$
declare
  b ledger.breaker;
begin
  select * into b from ledger.breaker where provider = p_provider;
  return jsonb_build_object('epoch', coalesce(b.epoch, 0), 'state', b.state,
    'nowMs', floor(extract(epoch from ledger.clock()) * 1000));
end $$;

-- `p_epoch` is the one that was read, 0 where there was no row. The answer is the row as it stands,
-- so that who lost the race need not read again.
create or replace function ledger.breaker_report_v1(
  p_provider text, p_epoch bigint, p_state jsonb, p_event text, p_actor text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  b ledger.breaker;
  v_now timestamptz := ledger.clock();
  v_won boolean;
begin
  if p_epoch = 0 then
    insert into ledger.breaker (provider, epoch, state, changed_at)
    values (p_provider, 1, p_state, v_now) on conflict do nothing returning * into b;
  else
    update ledger.breaker set epoch = epoch + 1, state = p_state, changed_at = v_now
     where provider = p_provider and epoch = p_epoch returning * into b;
  end if;
  v_won := found;
  if v_won and p_event is not null then
    insert into ledger.breaker_event (provider, epoch, type, actor, at)
    values (p_provider, b.epoch, p_event, p_actor, v_now);
  end if;
  return ledger.breaker_read_v1(p_provider) || jsonb_build_object('won', v_won);
end $$;
