-- Sets money aside on one account for another, with the key of the first outside attempt, or says
-- why it cannot: the shared part of the verbs that hold. Locks the payer's rows; an account of many
-- slots is judged as a whole. The payee is only read: its row would be the one that all queue on.
create or replace function ledger.set_aside(
  o ledger.operation, p_payer text, p_payee text, p_amount bigint, p_method text, p_first text,
  p_parent bigint, p_expires timestamptz, p_more jsonb
) returns jsonb
language plpgsql volatile as $$
declare
  v_refusal jsonb;
  v_available bigint;
  v_reference text := o.op_id || ':' || coalesce(p_first, 'charge.1') || ':1';
  v_event text := lower(o.domain) || '.refused';
  a ledger.account;
  b ledger.account;
begin
  perform 1 from ledger.account where tenant = o.tenant and account_id = p_payer
    order by id for no key update;
  a := ledger.row_of(o, p_payer);
  b := ledger.row_of(o, p_payee);
  select sum(posted - held) into v_available
    from ledger.account where tenant = o.tenant and account_id = p_payer;
  v_refusal := case
    when a.id is null or b.id is null then
      ledger.refusal('account-unknown', 'there is no such account')
    when a.account_id = b.account_id then
      ledger.refusal('same-account', 'an account cannot pay itself')
    when a.status = 'closed' or b.status = 'closed' then
      ledger.refusal('account-closed', 'the account is closed')
    when a.status = 'frozen' and p_parent is null then
      ledger.refusal('account-frozen', 'the account is frozen')
    when o.currency <> a.currency or o.currency <> b.currency then
      ledger.refusal('currency-mismatch', 'the account holds another currency')
    when v_available - p_amount < -a.overdraft_limit then
      ledger.refusal('insufficient-funds', 'less is available than was asked for')
    when b.posted + p_amount > 9007199254740991 then
      ledger.refusal('balance-limit-exceeded', 'the payee''s balance would pass 2^53 - 1')
  end;
  if v_refusal is not null then
    return ledger.finish(o, 'reserve', v_refusal, 'FAILED', null, v_event);
  end if;
  perform ledger.post(o, 'reserve', jsonb_build_array(
    jsonb_build_object('account', a.id, 'posted', 0, 'held', p_amount)));
  insert into ledger.hold (op, tenant, trace, account, payee, method, currency, amount, state,
    expires_at, parent)
  values (o.id, o.tenant, o.trace, a.id, b.id, p_method, o.currency, p_amount, 'held', p_expires,
    p_parent);
  if p_first is not null then
    perform ledger.write_attempt(o, p_first, 1, p_amount);
  end if;
  return ledger.finish(o, 'reserve', jsonb_strip_nulls(jsonb_build_object('kind', 'held',
    'opId', o.op_id, 'account', a.account_id, 'payee', b.account_id, 'minor', p_amount,
    'currency', o.currency, 'reference', v_reference,
    'expiresAt', (extract(epoch from p_expires) * 1000)::bigint,
    'heldAt', (extract(epoch from ledger.clock()) * 1000)::bigint) || p_more), 'IN_PROGRESS',
    case when p_first is null then 'held' else 'charging' end, 'hold.held');
end $$;
