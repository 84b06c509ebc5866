-- A sample thing: its row, the decision to give back, and its end.

-- Opens a sample thing. What it must never be opened for is refused here.
create or replace function ledger.accept_sample_thing_v1(p_envelope jsonb)
returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  return ledger.accept_steps(p_envelope);
end $$;

-- From now on a sample thing only gives back.
create or replace function ledger.turn_sample_thing_v1(p_op_id text, p_code text)
returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  return ledger.turn_steps(p_op_id, p_code);
end $$;

-- Ends a sample thing, done or refused, when its money says so too.
create or replace function ledger.end_sample_thing_v1(p_op_id text)
returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  return ledger.end_steps(p_op_id);
end $$;

revoke all on function ledger.accept_sample_thing_v1(jsonb) from public;
revoke all on function ledger.turn_sample_thing_v1(text, text) from public;
revoke all on function ledger.end_sample_thing_v1(text) from public;
grant execute on function ledger.accept_sample_thing_v1(jsonb) to holdfast_worker;
grant execute on function ledger.turn_sample_thing_v1(text, text) to holdfast_worker;
grant execute on function ledger.end_sample_thing_v1(text) to holdfast_worker;
