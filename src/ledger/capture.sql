-- Begins one capture of a hold: writes the key before the provider is asked. What goes beyond the
-- hold, within the tolerance of what was authorised, is set aside first, so that the second half
-- cannot fail for want of money; and so is the rest, which a charge of its own takes afterwards.
-- A refusal changes nothing and is not kept: it may be asked again. The charge is written down, for
-- a run that begins anew must ask about this capture before it looks at anything else.
create or replace function ledger.capture_v3(
  p_op_id text, p_step text, p_minor bigint, p_final boolean, p_tolerance_percent int,
  p_rest bigint, p_charge_id text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  h ledger.hold;
  v_result jsonb := ledger.step_result(o.id, p_step);
  v_minor bigint;
  v_more bigint;
  v_available bigint;
  v_limit bigint;
begin
  if v_result is not null then return v_result; end if;
  select * into h from ledger.hold where op = o.id;
  if h.state is distinct from 'held' then
    return ledger.refusal('invalid-state', 'nothing is held any more');
  end if;
  v_minor := coalesce(p_minor, h.amount - h.captured);
  v_more := v_minor + p_rest - (h.amount - h.captured);
  if v_minor > o.amount + o.amount * p_tolerance_percent / 100 - h.captured then
    return ledger.refusal('capture-exceeds-hold', 'more than the hold and its tolerance');
  end if;
  if v_more > 0 then
    perform 1 from ledger.account
      where (tenant, account_id) = (select tenant, account_id from ledger.account
                                     where id = h.account)
      order by id for no key update;
    select sum(a.posted - a.held) + min(a.overdraft_limit) into v_available
      from ledger.account a join ledger.account own on own.id = h.account
     where a.tenant = own.tenant and a.account_id = own.account_id;
    if v_available < v_more then
      return ledger.refusal('insufficient-funds', 'less is available than was asked for');
    end if;
    perform ledger.post(o, p_step, jsonb_build_array(
      jsonb_build_object('account', h.account, 'posted', 0, 'held', v_more)));
    update ledger.hold set amount = amount + v_more where op = o.id;
  end if;
  return ledger.finish(o, p_step, jsonb_strip_nulls(jsonb_build_object('kind', 'capturing',
    'opId', o.op_id, 'reference', ledger.write_attempt(o, p_step, 1, v_minor), 'minor', v_minor,
    'final', p_final, 'chargeId', p_charge_id, 'rest', nullif(p_rest, 0))), 'IN_PROGRESS',
    'charging', 'hold.capturing');
end $$;

revoke all on function ledger.capture_v3(text, text, bigint, boolean, int, bigint, text)
  from public;
grant execute on function ledger.capture_v3(text, text, bigint, boolean, int, bigint, text)
  to holdfast_worker;
