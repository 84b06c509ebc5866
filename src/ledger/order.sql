-- An order: its row, the decision to give back, and its end.

-- Opens an order. What it must never be opened for is refused here.
create or replace function ledger.accept_order_v1(p_envelope jsonb)
returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  return ledger.accept_steps(p_envelope);
end $$;

-- From now on an order only gives back.
create or replace function ledger.turn_order_v1(p_op_id text, p_code text)
returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  return ledger.turn_steps(p_op_id, p_code);
end $$;

-- Ends an order, done or refused, when its money says so too.
create or replace function ledger.end_order_v1(p_op_id text)
returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  return ledger.end_steps(p_op_id);
end $$;

revoke all on function ledger.accept_order_v1(jsonb) from public;
revoke all on function ledger.turn_order_v1(text, text) from public;
revoke all on function ledger.end_order_v1(text) from public;
grant execute on function ledger.accept_order_v1(jsonb) to holdfast_worker;
grant execute on function ledger.turn_order_v1(text, text) to holdfast_worker;
grant execute on function ledger.end_order_v1(text) to holdfast_worker;
