-- Writes the row of a payment that begins later, with nothing held: from its acceptance it is in
-- lists, and outlives the loss of the workflow that waits for its moment.
create or replace function ledger.schedule_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), o.outcome || '{"replayed": true}',
                             ledger.step_result(o.id, 'schedule'));
  v_scheduled jsonb := jsonb_build_object('kind', 'scheduled', 'opId', o.op_id);
begin
  if v_result is not null then return v_result; end if;
  -- Another run was further than that.
  if o.state <> 'PENDING' then return v_scheduled; end if;
  return ledger.finish(o, 'schedule', v_scheduled, 'PENDING', null, 'payment.scheduled');
end $$;

revoke all on function ledger.schedule_v1(jsonb) from public;
grant execute on function ledger.schedule_v1(jsonb) to holdfast_worker;
