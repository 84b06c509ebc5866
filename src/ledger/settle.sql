-- Moves held money to its payee, with what the provider did as proof: the evidence is checked again
-- here. The last one gives back what is left of the hold and ends the operation. A settle that lost
-- the race, or whose proof does not fit, changes nothing. Two people settle the capture or charge
-- that was asked last, where that is open, and all that is left where none is.
create or replace function ledger.settle_v2(
  p_op_id text, p_step text, p_proof jsonb, p_final boolean
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  h ledger.hold;
  v_open ledger.attempt;
  v_result jsonb := ledger.step_result(o.id, p_step);
  v_minor bigint;
  v_left bigint;
  v_back bigint := 0;
begin
  if v_result is not null then return v_result; end if;
  select * into h from ledger.hold where op = o.id;
  if h.state is distinct from 'held' then
    return jsonb_build_object('kind', 'conflict',
      'reason', 'hold-' || coalesce(h.state, 'missing'));
  end if;
  if ledger.proves_move(h, p_proof) is not true then
    return jsonb_build_object('kind', 'conflict', 'reason', 'evidence-mismatch');
  end if;
  v_left := h.amount - h.captured;
  if p_proof ->> 'kind' = 'by-hand' then
    select * into v_open from (
      select * from ledger.attempt where op = o.id order by sent_at desc, key desc limit 1) as last
     where outcome is null and step ~ '^(capture|charge)[.]';
  end if;
  v_minor := least(coalesce((p_proof ->> 'minor')::bigint, v_open.amount, v_left), v_left);
  if p_final then v_back := v_left - v_minor; end if;
  perform 1 from ledger.account where id in (h.account, h.payee) order by id for no key update;
  perform ledger.post(o, p_step, jsonb_build_array(
    jsonb_build_object('account', h.account, 'posted', -v_minor, 'held', -v_minor - v_back),
    jsonb_build_object('account', h.payee, 'posted', v_minor, 'held', 0)));
  update ledger.hold
     set captured = captured + v_minor, released = v_back,
         state = case when captured + v_minor + v_back = amount then 'captured' else 'held' end
   where op = o.id returning * into h;
  -- What was decided by hand is no news when the provider tells of it.
  update ledger.attempt
     set outcome = case when key = v_open.key then p_proof || '{"kind": "captured"}'
                        else p_proof end
   where op = o.id and key in (p_proof ->> 'reference', v_open.key);
  return ledger.finish(o, p_step, jsonb_strip_nulls(jsonb_build_object(
    'kind', case h.state when 'captured' then 'settled' else 'captured-part' end,
    'opId', o.op_id, 'minor', h.captured, 'currency', h.currency,
    'chargeId', coalesce((
      select outcome -> 'chargeId' from ledger.attempt
       where op = o.id and outcome ->> 'kind' = 'captured' order by sent_at, key limit 1),
      p_proof -> 'chargeId'), 'payoutId', p_proof -> 'payoutId',
    'byHand', case p_proof ->> 'kind' when 'by-hand' then true end)),
    case h.state when 'captured' then 'COMPLETED' else 'IN_PROGRESS' end,
    case h.state when 'captured' then null else 'held' end,
    lower(o.domain) || case h.state when 'captured' then '.settled' else '.captured' end);
end $$;

-- Evidence proves when its key is that of an attempt of this hold for such a step, and amount and
-- currency are those that the attempt was to move; a transfer inside the ledger is its own proof.
-- Two people prove what was asked, and no other amount.
create or replace function ledger.proves_move(h ledger.hold, p_proof jsonb) returns boolean
language sql stable as $$
  select case
    when p_proof ->> 'kind' = 'internal' then h.method = 'balance'
    when p_proof ->> 'kind' = 'by-hand' then p_proof -> 'minor' is null
      and ledger.proves_by_hand(h.op, 'settle', p_proof)
    when p_proof ->> 'kind' in ('captured', 'refunded', 'paid-out') then h.method <> 'balance'
      and (p_proof ->> 'minor')::bigint <= h.amount - h.captured
      and p_proof ->> 'currency' = h.currency
      and coalesce(p_proof ->> 'chargeId', p_proof ->> 'payoutId') <> ''
      and exists (
        select from ledger.attempt
         where op = h.op and key = p_proof ->> 'reference'
           and coalesce(amount, h.amount) = (p_proof ->> 'minor')::bigint
           and split_part(step, '.', 1) = any (case p_proof ->> 'kind'
             when 'captured' then '{charge,capture}'::text[]
             when 'refunded' then '{refund}' else '{payout}' end))
    else false
  end
$$;
