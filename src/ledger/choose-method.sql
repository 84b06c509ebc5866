-- Lets the ledger move what a charge was to bring: the customer chose so while nothing had been
-- sent. From now on no evidence of a charge settles this hold. The key of the charge is spent.
create or replace function ledger.choose_method_v1(p_op_id text, p_method text) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := coalesce(ledger.step_result(o.id, 'method'), ledger.not_open(o));
begin
  if v_result is not null then return v_result; end if;
  update ledger.hold set method = p_method
   where op = o.id and state = 'held' and method = 'card' and captured = 0 and p_method = 'balance'
     and o.command #>> '{payload,capture}' = 'automatic'
     and not exists (select from ledger.attempt where op = o.id and outcome is not null);
  if not found then
    return jsonb_build_object('kind', 'conflict', 'reason', 'method-settled');
  end if;
  update ledger.attempt set outcome = '{"kind": "withdrawn"}' where op = o.id;
  return ledger.finish(o, 'method', jsonb_build_object('kind', 'chosen', 'opId', o.op_id,
    'method', p_method), 'IN_PROGRESS', 'held', 'payment.method-chosen');
end $$;

revoke all on function ledger.choose_method_v1(text, text) from public;
grant execute on function ledger.choose_method_v1(text, text) to holdfast_worker;
