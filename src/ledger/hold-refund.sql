-- Sets captured money aside on the account that received it, to go back to who paid; all that is
-- left when no amount is named. The payment's row is locked, so that a hundred refunds at once are
-- counted one after the other: never is more on its way back than was captured. What an open
-- operation of several steps took for itself goes back through that one alone: it would go on with
-- its steps unpaid.
create or replace function ledger.hold_refund_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := ledger.held_before(o, p_envelope);
  v_left bigint;
  v_payer text;
  v_payee text;
  paid ledger.operation;
  h ledger.hold;
begin
  if v_result is not null then return v_result; end if;
  select * into paid from ledger.operation
   where tenant = o.tenant and op_id = o.command #>> '{payload,payment}' for update;
  select * into h from ledger.hold where op = paid.id;
  select h.captured - coalesce(sum(amount - released), 0) into v_left
    from ledger.hold where parent = paid.id;
  v_result := case
    when h.op is null or paid.domain <> 'Payment' then
      ledger.refusal('payment-unknown', 'there is no such payment')
    when h.state <> 'captured' then
      ledger.refusal('invalid-state', 'only what was captured can be refunded')
    when exists (select from ledger.operation whole
      where whole.op_id = paid.parent_op_id and whole.op_id is distinct from o.parent_op_id
        and whole.state not in ('COMPLETED', 'FAILED')) then
      ledger.refusal('invalid-state', 'what it pays for is under way, and gives it back itself')
    when v_left = 0 or o.amount > v_left then
      ledger.refusal('refund-exceeds-captured', 'less is left than was asked for')
  end;
  if v_result is not null then
    return ledger.finish(o, 'reserve', v_result, 'FAILED', null, 'refund.refused');
  end if;
  select account_id into v_payer from ledger.account where id = h.payee;
  select account_id into v_payee from ledger.account where id = h.account;
  if o.amount is null then
    update ledger.operation set amount = v_left where id = o.id returning * into o;
  end if;
  return ledger.set_aside(o, v_payer, v_payee, o.amount,
    case h.method when 'balance' then 'balance' else 'refund' end,
    case h.method when 'balance' then null else 'refund.1' end, paid.id, null,
    jsonb_build_object('run', p_envelope -> 'run', 'chargeId', paid.outcome -> 'chargeId'));
end $$;
