-- Begins to give back what an ended operation did not know of. It is refused while that operation
-- still decides itself, and for evidence that is the very proof it ended on: what a closed attempt
-- was settled with is not late, nor what two people settled without naming its charge.
create or replace function ledger.begin_late_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := ledger.held_before(o, p_envelope);
  e jsonb := o.command #> '{payload,evidence}';
  paid ledger.operation;
begin
  if v_result is not null then return v_result; end if;
  select * into paid from ledger.operation
   where tenant = o.tenant and op_id = o.command #>> '{payload,payment}';
  v_result := case
    when paid.id is null then ledger.refusal('payment-unknown', 'there is no such payment')
    when paid.state not in ('COMPLETED', 'FAILED') then
      ledger.refusal('invalid-state', 'the operation still decides itself')
    when exists (select from ledger.attempt
                  where op = paid.id and key = e ->> 'reference'
                    and outcome ->> 'kind' = e ->> 'kind'
                    and coalesce(outcome -> 'chargeId', e -> 'chargeId') = e -> 'chargeId') then
      ledger.refusal('already-known', 'the operation ended on this')
  end;
  if v_result is not null then
    return ledger.finish(o, 'reserve', v_result, 'FAILED', null, 'late.refused');
  end if;
  return ledger.finish(o, 'reserve', jsonb_build_object('kind', 'begun', 'opId', o.op_id),
    'IN_PROGRESS', 'charging', 'late.seen');
end $$;

-- Ends it, with what the provider gave back as proof; without one, the provider had let go itself.
create or replace function ledger.end_late_v1(p_op_id text, p_proof jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := coalesce(ledger.step_result(o.id, 'return'), ledger.not_open(o));
begin
  if v_result is not null then return v_result; end if;
  if p_proof ->> 'kind' in ('refunded', 'voided') is not true or not exists (
      select from ledger.attempt where op = o.id and key = p_proof ->> 'reference') then
    if p_proof ->> 'kind' is distinct from 'gone' then
      return jsonb_build_object('kind', 'conflict', 'reason', 'evidence-mismatch');
    end if;
  end if;
  update ledger.attempt set outcome = p_proof where op = o.id and key = p_proof ->> 'reference';
  return ledger.finish(o, 'return', jsonb_build_object('kind', 'returned', 'opId', o.op_id,
    'returned', o.amount, 'currency', o.currency, 'by', p_proof ->> 'kind'), 'COMPLETED', null,
    'late.returned');
end $$;

revoke all on function ledger.begin_late_v1(jsonb), ledger.end_late_v1(text, jsonb) from public;
grant execute on function ledger.begin_late_v1(jsonb), ledger.end_late_v1(text, jsonb)
  to holdfast_worker;
