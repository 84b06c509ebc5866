-- Moves the end of a hold to another moment. `p_change` names this one change.
create or replace function ledger.extend_hold_v1(
  p_op_id text, p_change text, p_expires_at timestamptz
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := ledger.step_result(o.id, p_change);
begin
  if v_result is not null then return v_result; end if;
  update ledger.hold set expires_at = p_expires_at where op = o.id and state = 'held';
  if not found then return ledger.refusal('invalid-state', 'nothing is held any more'); end if;
  return ledger.finish(o, p_change, jsonb_build_object('kind', 'extended', 'opId', o.op_id,
    'expiresAt', (extract(epoch from p_expires_at) * 1000)::bigint), 'IN_PROGRESS', o.phase,
    'hold.extended');
end $$;
