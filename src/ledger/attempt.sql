-- Writes the key of an outside step that is about to be asked, once per step and attempt: the next
-- attempt after a definitive rejection, or the first of a step that no other verb begins.
create or replace function ledger.attempt_v1(
  p_op_id text, p_step text, p_n int, p_amount bigint
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_step text := p_step || ':' || p_n;
  v_result jsonb := coalesce(ledger.step_result(o.id, v_step), ledger.not_open(o));
begin
  if v_result is not null then return v_result; end if;
  return ledger.finish(o, v_step, jsonb_build_object('kind', 'attempted', 'opId', o.op_id,
    'reference', ledger.write_attempt(o, p_step, p_n, p_amount)), 'IN_PROGRESS', 'charging',
    lower(o.domain) || '.attempted');
end $$;
