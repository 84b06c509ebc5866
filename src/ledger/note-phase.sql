-- Says where inside an operation stands: in doubt, or parked for a person. `p_step` names the
-- change, so that a repetition, however late, changes nothing. The event is named after the phase,
-- unless the caller has a better name for it.
create or replace function ledger.note_phase_v2(
  p_op_id text, p_step text, p_phase text, p_detail jsonb, p_event text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := coalesce(ledger.step_result(o.id, p_step), ledger.not_open(o));
begin
  if v_result is not null then return v_result; end if;
  return ledger.finish(o, p_step, jsonb_build_object('kind', 'noted', 'phase', p_phase)
    || jsonb_build_object('detail', p_detail), 'IN_PROGRESS', p_phase,
    coalesce(p_event, lower(o.domain) || '.' || p_phase));
end $$;
