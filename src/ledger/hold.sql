-- Sets money aside for one operation and writes its first attempt, or says why it cannot. An
-- operation that has ended answers with its end: a hold that was met again must not lead on to a
-- charge, when Temporal and the provider have long forgotten the first.
create or replace function ledger.hold_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  p jsonb := o.command -> 'payload';
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), o.outcome || '{"replayed": true}',
                             ledger.step_result(o.id, 'reserve'));
  v_charged boolean := p ->> 'method' <> 'balance';
  v_reference text := o.op_id || ':charge.1:1';
  v_payee_id text;
  v_available bigint;
  a ledger.account;
  b ledger.account;
begin
  -- The run that held it knows best what it did since: to itself this is no repetition.
  if v_result ->> 'run' = p_envelope ->> 'run' then v_result := v_result - 'replayed'; end if;
  if v_result is not null then return v_result; end if;
  if ledger.clock() > o.budget_ends_at then
    v_result := ledger.refusal('time-budget-exceeded', 'too late to begin');
  else
    v_payee_id := ledger.payee_of(o, p ->> 'payTo');
    -- An account of many slots is judged as a whole, so its holds take every row.
    -- The payee is only read: its row would be the one that every payment queues on.
    perform 1 from ledger.account where tenant = o.tenant and account_id = o.account
      order by id for no key update;
    a := ledger.row_of(o, o.account);
    b := ledger.row_of(o, v_payee_id);
    select sum(posted - held) into v_available
      from ledger.account where tenant = o.tenant and account_id = o.account;
    v_result := case
      when a.id is null or b.id is null then
        ledger.refusal('account-unknown', 'there is no such account')
      when a.account_id = b.account_id then
        ledger.refusal('same-account', 'an account cannot pay itself')
      when a.status = 'closed' or b.status = 'closed' then
        ledger.refusal('account-closed', 'the account is closed')
      when a.status = 'frozen' then ledger.refusal('account-frozen', 'the account is frozen')
      when o.currency <> a.currency or o.currency <> b.currency then
        ledger.refusal('currency-mismatch', 'the account holds another currency')
      when v_available - o.amount < -a.overdraft_limit then
        ledger.refusal('insufficient-funds', 'less is available than was asked for')
      when b.posted + o.amount > 9007199254740991 then
        ledger.refusal('balance-limit-exceeded', 'the payee''s balance would pass 2^53 - 1')
    end;
  end if;
  if v_result is not null then
    return ledger.finish(o, 'reserve', v_result, 'FAILED', null, 'payment.refused');
  end if;
  perform ledger.post(o, 'reserve', jsonb_build_array(
    jsonb_build_object('account', a.id, 'posted', 0, 'held', o.amount)));
  insert into ledger.hold (op, tenant, trace, account, payee, method, currency, amount, state)
  values (o.id, o.tenant, o.trace, a.id, b.id, p ->> 'method', o.currency, o.amount, 'held');
  if v_charged then
    insert into ledger.attempt (op, step, n, tenant, trace, key, sent_at)
    values (o.id, 'charge.1', 1, o.tenant, o.trace, v_reference, ledger.clock());
  end if;
  v_result := jsonb_strip_nulls(jsonb_build_object('kind', 'held', 'opId', o.op_id,
    'account', a.account_id, 'payee', b.account_id, 'minor', o.amount, 'currency', o.currency,
    'reference', v_reference, 'run', p_envelope ->> 'run',
    'heldAt', (extract(epoch from ledger.clock()) * 1000)::bigint));
  return ledger.finish(o, 'reserve', v_result, 'IN_PROGRESS',
    case when v_charged then 'charging' else 'held' end, 'hold.held');
end $$;

-- Who receives: the account named, else the tenant's first merchant account of the currency, which
-- is opened when there is none.
create or replace function ledger.payee_of(o ledger.operation, p_named text) returns text
language plpgsql volatile as $$
declare
  v_payee text := p_named;
begin
  if v_payee is null then
    select account_id into v_payee from ledger.account
     where tenant = o.tenant and currency = o.currency and kind = 'merchant' order by id limit 1;
  end if;
  if v_payee is null then
    v_payee := 'merchant:' || o.currency;
    perform ledger.open_rows(o, v_payee, o.currency, 'merchant', 1, null, 0);
  end if;
  return v_payee;
end $$;
