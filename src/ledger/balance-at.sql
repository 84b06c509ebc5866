-- The balance at a past moment, exact and repeatable: it waits for writers that hold the account,
-- so that no entry can come later with an earlier time. Null when the account was not open then.
create or replace function ledger.balance_at_v1(
  p_tenant text, p_account text, p_at timestamptz
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_result jsonb;
begin
  if p_at > ledger.clock() then
    return '{"kind": "future"}';
  end if;
  perform 1 from ledger.account where tenant = p_tenant and account_id = p_account
    order by id for share;
  select jsonb_build_object('kind', 'balance', 'currency', min(e.currency),
           'posted', sum(e.posted_after), 'held', sum(e.held_after),
           'available', sum(e.posted_after - e.held_after), 'version', sum(e.version))
    into v_result
    from ledger.account a
    cross join lateral (
      select * from ledger.entry x where x.account = a.id and x.recorded_at <= p_at
       order by x.version desc limit 1) e
   where a.tenant = p_tenant and a.account_id = p_account
  having count(*) > 0;
  return v_result;
end $$;
