-- Brings money into an account from the tenant's funding account, which is internal and goes
-- below zero by all that ever came in.
create or replace function ledger.fund_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), ledger.step_result(o.id, 'fund'));
  v_source text := '@funding:' || o.currency;
  a ledger.account;
  s ledger.account;
begin
  if v_result is not null then return v_result; end if;
  a := ledger.row_of(o, o.account);
  if a.id is not null and a.currency = o.currency then
    perform ledger.open_rows(o, v_source, o.currency, 'internal', 8, null, 0);
    s := ledger.row_of(o, v_source);
    perform 1 from ledger.account where id in (a.id, s.id) order by id for no key update;
    select * into a from ledger.account where id = a.id;
    select * into s from ledger.account where id = s.id;
  end if;
  v_result := case
    when a.id is null then ledger.refusal('account-unknown', 'there is no such account')
    when a.status = 'closed' then ledger.refusal('account-closed', 'the account is closed')
    when a.currency <> o.currency then
      ledger.refusal('currency-mismatch', 'the account holds another currency')
    when greatest(a.posted, -s.posted) + o.amount > 9007199254740991 then
      ledger.refusal('balance-limit-exceeded', 'the balance would pass 2^53 - 1')
  end;
  if v_result is not null then
    return ledger.finish(o, 'fund', v_result, 'FAILED', null, 'account.refused');
  end if;
  perform ledger.post(o, 'fund', jsonb_build_array(
    jsonb_build_object('account', a.id, 'posted', o.amount, 'held', 0),
    jsonb_build_object('account', s.id, 'posted', -o.amount, 'held', 0)));
  return ledger.finish(o, 'fund', jsonb_build_object('kind', 'funded', 'account', o.account,
    'minor', o.amount, 'currency', o.currency), 'COMPLETED', null, 'account.funded');
end $$;
