-- Opens an account, or says that its id is taken. Its first entry is version 1, of zero.
create or replace function ledger.open_account_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  p jsonb := o.command -> 'payload';
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), ledger.step_result(o.id, 'open'));
begin
  if v_result is not null then return v_result; end if;
  if not ledger.open_rows(o, p ->> 'account', p ->> 'currency', p ->> 'kind',
      (p ->> 'slots')::int, p ->> 'owner', (p ->> 'overdraftLimit')::bigint) then
    return ledger.finish(o, 'open',
      ledger.refusal('account-exists', 'an account with this id exists'),
      'FAILED', null, 'account.refused');
  end if;
  perform ledger.post(o, 'open', (
    select jsonb_agg(jsonb_build_object('account', id, 'posted', 0, 'held', 0))
      from ledger.account where tenant = o.tenant and account_id = p ->> 'account'));
  return ledger.finish(o, 'open', jsonb_build_object('kind', 'opened', 'account', p ->> 'account'),
    'COMPLETED', null, 'account.opened');
end $$;
