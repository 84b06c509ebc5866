-- Sets money aside for one payment and writes its first attempt, or says why it cannot. An
-- operation that has ended answers with its end: a hold that was met again must not lead on to a
-- charge, when Temporal and the provider have long forgotten the first.
create or replace function ledger.hold_v2(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  p jsonb := o.command -> 'payload';
  v_result jsonb := ledger.held_before(o, p_envelope);
  v_captures_later boolean := p ->> 'capture' <> 'automatic';
begin
  if v_result is not null then return v_result; end if;
  if ledger.clock() > o.budget_ends_at then
    return ledger.finish(o, 'reserve', ledger.refusal('time-budget-exceeded', 'too late to begin'),
      'FAILED', null, 'payment.refused');
  end if;
  return ledger.set_aside(
    o, o.account, ledger.payee_of(o, p ->> 'payTo'), o.amount, p ->> 'method',
    case when p ->> 'method' = 'balance' then null
         when v_captures_later then 'authorize.1' else 'charge.1' end,
    null,
    case when v_captures_later then coalesce(
      to_timestamp((p ->> 'holdExpiresAt')::numeric / 1000),
      ledger.clock() + interval '7 days') end,
    jsonb_build_object('run', p_envelope -> 'run'));
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
