-- Says where inside an operation stands: in doubt, or parked for a person. `p_step` names the
-- change, so that a repetition, however late, changes nothing.
create or replace function ledger.note_phase_v1(
  p_op_id text, p_step text, p_phase text, p_detail jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation;
  v_result jsonb;
begin
  select * into o from ledger.operation where op_id = p_op_id for update;
  v_result := ledger.step_result(o.id, p_step);
  if v_result is not null then return v_result; end if;
  if o.state is distinct from 'IN_PROGRESS' then
    return jsonb_build_object('kind', 'conflict',
      'reason', 'operation-' || coalesce(o.state, 'missing'));
  end if;
  return ledger.finish(o, p_step, jsonb_build_object('kind', 'noted', 'phase', p_phase)
    || jsonb_build_object('detail', p_detail), 'IN_PROGRESS', p_phase,
    lower(o.domain) || '.' || p_phase);
end $$;
