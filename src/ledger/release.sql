-- Gives back what is still held, with a decline, a void, a fence, a withdrawal or the certainty
-- that nothing was sent as proof. What was captured before stays so: the operation then ends
-- settled. A release before its hold leaves a tombstone: the late hold then does nothing.
create or replace function ledger.release_v2(p_envelope jsonb, p_because jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope),
                             ledger.step_result(o.id, 'release'));
  v_code text := case p_because ->> 'kind'
    when 'declined' then 'declined'
    when 'withdrawn' then 'withdrawn'
    else p_because ->> 'code' end;
  v_by_hand boolean := case p_because ->> 'kind' when 'by-hand' then true end;
  v_back bigint;
  h ledger.hold;
begin
  if v_result is not null then return v_result; end if;
  select * into h from ledger.hold where op = o.id;
  if v_code is null or ledger.proves_return(o.id, p_because) is not true then
    return jsonb_build_object('kind', 'conflict', 'reason', 'evidence-mismatch');
  end if;
  if h.state <> 'held' then
    return jsonb_build_object('kind', 'conflict', 'reason', 'hold-' || h.state);
  end if;
  v_back := h.amount - h.captured;
  if h.op is null and o.state = 'PENDING' then
    insert into ledger.hold (op, tenant, trace, amount, state, tombstone)
    values (o.id, o.tenant, o.trace, 0, 'released', true);
  elsif h.state = 'held' then
    perform 1 from ledger.account where id = h.account for no key update;
    perform ledger.post(o, 'release', jsonb_build_array(
      jsonb_build_object('account', h.account, 'posted', 0, 'held', -v_back)));
    update ledger.hold
       set state = case captured when 0 then 'released' else 'captured' end, released = v_back
     where op = o.id;
    update ledger.attempt set outcome = p_because where op = o.id and outcome is null;
  end if;
  if h.captured > 0 then
    return ledger.finish(o, 'release', jsonb_strip_nulls(jsonb_build_object('kind', 'settled',
      'opId', o.op_id, 'minor', h.captured, 'currency', h.currency, 'byHand', v_by_hand,
      'chargeId', (select outcome -> 'chargeId' from ledger.attempt
                    where op = o.id and outcome ->> 'kind' = 'captured' limit 1))),
      'COMPLETED', null, lower(o.domain) || '.settled');
  end if;
  return ledger.finish(o, 'release', jsonb_strip_nulls(jsonb_build_object('kind', 'released',
    'opId', o.op_id, 'code', v_code, 'minor', coalesce(v_back, 0),
    'message', 'the money was given back',
    'declineCode', p_because -> 'declineCode', 'byHand', v_by_hand)), 'FAILED', null,
    case v_code when 'hold-expired' then 'hold.expired' else lower(o.domain) || '.refused' end);
end $$;

-- What the provider said must be of an attempt of this operation, what people decided is in its
-- case; the rest is ours to say.
create or replace function ledger.proves_return(p_op bigint, p_because jsonb) returns boolean
language sql stable as $$
  select case
    when p_because ->> 'kind' in ('withdrawn', 'never-charged') then true
    when p_because ->> 'kind' = 'by-hand' then p_because ->> 'code' = 'released-by-hand'
      and ledger.proves_by_hand(p_op, 'release', p_because)
    when p_because ->> 'kind' in ('declined', 'voided', 'fenced') then exists (
      select from ledger.attempt where op = p_op and key = p_because ->> 'reference')
    else false
  end
$$;
