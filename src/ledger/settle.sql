-- Moves held money to its payee, with the provider's capture as proof: the evidence is checked
-- again here. A settle that lost the race, or whose proof does not fit, changes nothing.
create or replace function ledger.settle_v1(p_op_id text, p_proof jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation;
  h ledger.hold;
  v_result jsonb;
begin
  select * into o from ledger.operation where op_id = p_op_id for update;
  v_result := ledger.step_result(o.id, 'settle');
  if v_result is not null then return v_result; end if;
  select * into h from ledger.hold where op = o.id;
  if h.state is distinct from 'held' then
    return jsonb_build_object('kind', 'conflict',
      'reason', 'hold-' || coalesce(h.state, 'missing'));
  end if;
  if ledger.proves_capture(h, p_proof) is not true then
    return jsonb_build_object('kind', 'conflict', 'reason', 'evidence-mismatch');
  end if;
  perform 1 from ledger.account where id in (h.account, h.payee) order by id for no key update;
  perform ledger.post(o, 'settle', jsonb_build_array(
    jsonb_build_object('account', h.account, 'posted', -h.amount, 'held', -h.amount),
    jsonb_build_object('account', h.payee, 'posted', h.amount, 'held', 0)));
  update ledger.hold set state = 'captured', captured = amount where op = o.id;
  update ledger.attempt set outcome = p_proof where op = o.id and key = p_proof ->> 'reference';
  return ledger.finish(o, 'settle', jsonb_strip_nulls(jsonb_build_object('kind', 'settled',
    'opId', o.op_id, 'minor', h.amount, 'currency', h.currency,
    'chargeId', p_proof -> 'chargeId')), 'COMPLETED', null, 'payment.settled');
end $$;

-- A capture proves when amount, currency and key are those of an attempt of this hold; a transfer
-- inside the ledger is its own proof.
create or replace function ledger.proves_capture(h ledger.hold, p_proof jsonb) returns boolean
language sql stable as $$
  select case p_proof ->> 'kind'
    when 'internal' then h.method = 'balance'
    when 'captured' then h.method <> 'balance'
      and (p_proof ->> 'minor')::bigint = h.amount
      and p_proof ->> 'currency' = h.currency
      and p_proof ->> 'chargeId' <> ''
      and exists (select from ledger.attempt where op = h.op and key = p_proof ->> 'reference')
    else false
  end
$$;
