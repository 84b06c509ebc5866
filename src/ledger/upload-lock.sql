-- Who writes to an upload now: a lease in its row, taken by one update. It spares two writers work
-- that one of them would lose; that bytes are whole is decided where a part is recorded.

-- Takes or renews the lease. Who holds it learns by renewing that another waits; who finds it taken
-- asks for it by that, and tries again.
create or replace function ledger.lock_upload_v1(
  p_tenant text, p_op_id text, p_holder text, p_lease_ms int
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_op bigint := (select id from ledger.operation where tenant = p_tenant and op_id = p_op_id);
  v_now timestamptz := ledger.clock();
  u ledger.upload;
begin
  update ledger.upload
     set lock_wanted = lock_wanted and lock_holder = p_holder, lock_holder = p_holder,
         lock_until = v_now + p_lease_ms * interval '1 millisecond'
   where op = v_op and (lock_holder is null or lock_holder = p_holder or lock_until <= v_now)
  returning * into u;
  if found then return jsonb_build_object('kind', 'locked', 'wanted', u.lock_wanted); end if;
  update ledger.upload set lock_wanted = true where op = v_op returning * into u;
  return jsonb_build_object('kind', case when found then 'taken' else 'missing' end);
end $$;

-- Gives the lease back; false when it was another's by then.
create or replace function ledger.unlock_upload_v1(p_tenant text, p_op_id text, p_holder text)
returns boolean
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  update ledger.upload set lock_holder = null, lock_until = null, lock_wanted = false
   where op = (select id from ledger.operation where tenant = p_tenant and op_id = p_op_id)
     and lock_holder = p_holder;
  return found;
end $$;

revoke all on function ledger.lock_upload_v1(text, text, text, int),
  ledger.unlock_upload_v1(text, text, text) from public;
grant execute on function ledger.lock_upload_v1(text, text, text, int),
  ledger.unlock_upload_v1(text, text, text) to holdfast_reader, holdfast_worker;
