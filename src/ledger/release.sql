-- Gives held money back, with a decline, a withdrawal or the certainty that nothing was charged as
-- proof. A release that comes before its hold leaves a tombstone: the late hold then does nothing.
create or replace function ledger.release_v1(p_envelope jsonb, p_because jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope),
                             ledger.step_result(o.id, 'release'));
  v_code text := case p_because ->> 'kind'
    when 'declined' then 'declined'
    when 'withdrawn' then 'withdrawn'
    when 'never-charged' then p_because ->> 'code' end;
  h ledger.hold;
begin
  if v_result is not null then return v_result; end if;
  select * into h from ledger.hold where op = o.id;
  if v_code is null or (p_because ->> 'kind' = 'declined' and not exists (
      select from ledger.attempt where op = o.id and key = p_because ->> 'reference')) then
    return jsonb_build_object('kind', 'conflict', 'reason', 'evidence-mismatch');
  end if;
  if h.state <> 'held' then
    return jsonb_build_object('kind', 'conflict', 'reason', 'hold-' || h.state);
  end if;
  if h.op is null and o.state = 'PENDING' then
    insert into ledger.hold (op, tenant, trace, amount, state, tombstone)
    values (o.id, o.tenant, o.trace, 0, 'released', true);
  elsif h.state = 'held' then
    perform 1 from ledger.account where id = h.account for no key update;
    perform ledger.post(o, 'release', jsonb_build_array(
      jsonb_build_object('account', h.account, 'posted', 0, 'held', -h.amount)));
    update ledger.hold set state = 'released', released = amount where op = o.id;
    update ledger.attempt set outcome = p_because where op = o.id and outcome is null;
  end if;
  return ledger.finish(o, 'release', jsonb_strip_nulls(jsonb_build_object('kind', 'released',
    'opId', o.op_id, 'code', v_code, 'minor', coalesce(h.amount, 0),
    'message', 'the money was given back',
    'declineCode', p_because -> 'declineCode')), 'FAILED', null, 'payment.refused');
end $$;
