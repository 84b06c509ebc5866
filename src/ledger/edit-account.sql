-- Freezes, closes or reopens an account or changes its overdraft limit, if nobody changed it since
-- the editor saw it: the version compares, 0 rows is a lost race.
create or replace function ledger.edit_account_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  p jsonb := o.command -> 'payload';
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), ledger.step_result(o.id, 'edit'));
  v_count int;
  v_version bigint;
  v_available bigint;
begin
  if v_result is not null then return v_result; end if;
  perform 1 from ledger.account where tenant = o.tenant and account_id = o.account
    order by id for no key update;
  select count(*), sum(version), sum(posted - held) into v_count, v_version, v_available
    from ledger.account where tenant = o.tenant and account_id = o.account;
  v_result := case
    when v_count = 0 then ledger.refusal('account-unknown', 'there is no such account')
    when v_version <> (p ->> 'version')::bigint then
      ledger.refusal('stale-version', 'the account changed since it was read')
    when v_available < -(p ->> 'overdraftLimit')::bigint then
      ledger.refusal('overdraft-limit-too-low', 'the account is already further below zero')
  end;
  if v_result is not null then
    return ledger.finish(o, 'edit', v_result, 'FAILED', null, 'account.refused');
  end if;
  update ledger.account
     set status = coalesce(p ->> 'status', status),
         overdraft_limit = coalesce((p ->> 'overdraftLimit')::bigint, overdraft_limit)
   where tenant = o.tenant and account_id = o.account;
  perform ledger.post(o, 'edit', (
    select jsonb_agg(jsonb_build_object('account', id, 'posted', 0, 'held', 0))
      from ledger.account where tenant = o.tenant and account_id = o.account and slot = 0));
  return ledger.finish(o, 'edit', jsonb_build_object('kind', 'edited', 'account', o.account,
    'version', v_version + 1), 'COMPLETED', null, 'account.edited');
end $$;
