-- Sets money aside to be sent out: it goes to the tenant's internal account of all that ever left.
create or replace function ledger.hold_payout_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := ledger.held_before(o, p_envelope);
  v_outside text := '@payouts:' || o.currency;
begin
  if v_result is not null then return v_result; end if;
  perform ledger.open_rows(o, v_outside, o.currency, 'internal', 8, null, 0);
  return ledger.set_aside(o, o.account, v_outside, o.amount, 'payout', 'payout.1', null, null,
    jsonb_build_object('run', p_envelope -> 'run'));
end $$;
