-- Sets the rest of a fare aside with its capture; by hand settles what was asked. Older workers survive.

-- Begins one capture of a hold: writes the key before the provider is asked. What goes beyond the
-- hold, within the tolerance of what was authorised, is set aside first, so that the second half
-- cannot fail for want of money; and so is the rest, which a charge of its own takes afterwards.
-- A refusal changes nothing and is not kept: it may be asked again.
create or replace function ledger.capture_v2(
  p_op_id text, p_step text, p_minor bigint, p_final boolean, p_tolerance_percent int,
  p_rest bigint
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  h ledger.hold;
  v_result jsonb := ledger.step_result(o.id, p_step);
  v_minor bigint;
  v_more bigint;
  v_available bigint;
  v_limit bigint;
begin
  if v_result is not null then return v_result; end if;
  select * into h from ledger.hold where op = o.id;
  if h.state is distinct from 'held' then
    return ledger.refusal('invalid-state', 'nothing is held any more');
  end if;
  v_minor := coalesce(p_minor, h.amount - h.captured);
  v_more := v_minor + p_rest - (h.amount - h.captured);
  if v_minor > o.amount + o.amount * p_tolerance_percent / 100 - h.captured then
    return ledger.refusal('capture-exceeds-hold', 'more than the hold and its tolerance');
  end if;
  if v_more > 0 then
    perform 1 from ledger.account
      where (tenant, account_id) = (select tenant, account_id from ledger.account
                                     where id = h.account)
      order by id for no key update;
    select sum(a.posted - a.held) + min(a.overdraft_limit) into v_available
      from ledger.account a join ledger.account own on own.id = h.account
     where a.tenant = own.tenant and a.account_id = own.account_id;
    if v_available < v_more then
      return ledger.refusal('insufficient-funds', 'less is available than was asked for');
    end if;
    perform ledger.post(o, p_step, jsonb_build_array(
      jsonb_build_object('account', h.account, 'posted', 0, 'held', v_more)));
    update ledger.hold set amount = amount + v_more where op = o.id;
  end if;
  return ledger.finish(o, p_step, jsonb_build_object('kind', 'capturing', 'opId', o.op_id,
    'reference', ledger.write_attempt(o, p_step, 1, v_minor), 'minor', v_minor,
    'final', p_final), 'IN_PROGRESS', 'charging', 'hold.capturing');
end $$;

revoke all on function ledger.capture_v2(text, text, bigint, boolean, int, bigint) from public;
grant execute on function ledger.capture_v2(text, text, bigint, boolean, int, bigint)
  to holdfast_worker;

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

-- Begins to give back what an ended operation did not know of. It is refused while that operation
-- still decides itself, and for evidence that is the very proof it ended on: what a closed attempt
-- was settled with is not late, nor what two people settled without naming its charge.
create or replace function ledger.begin_late_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := ledger.held_before(o, p_envelope);
  e jsonb := o.command #> '{payload,evidence}';
  paid ledger.operation;
begin
  if v_result is not null then return v_result; end if;
  select * into paid from ledger.operation
   where tenant = o.tenant and op_id = o.command #>> '{payload,payment}';
  v_result := case
    when paid.id is null then ledger.refusal('payment-unknown', 'there is no such payment')
    when paid.state not in ('COMPLETED', 'FAILED') then
      ledger.refusal('invalid-state', 'the operation still decides itself')
    when exists (select from ledger.attempt
                  where op = paid.id and key = e ->> 'reference'
                    and outcome ->> 'kind' = e ->> 'kind'
                    and coalesce(outcome -> 'chargeId', e -> 'chargeId') = e -> 'chargeId') then
      ledger.refusal('already-known', 'the operation ended on this')
  end;
  if v_result is not null then
    return ledger.finish(o, 'reserve', v_result, 'FAILED', null, 'late.refused');
  end if;
  return ledger.finish(o, 'reserve', jsonb_build_object('kind', 'begun', 'opId', o.op_id),
    'IN_PROGRESS', 'charging', 'late.seen');
end $$;

-- Ends it, with what the provider gave back as proof; without one, the provider had let go itself.
create or replace function ledger.end_late_v1(p_op_id text, p_proof jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := coalesce(ledger.step_result(o.id, 'return'), ledger.not_open(o));
begin
  if v_result is not null then return v_result; end if;
  if p_proof ->> 'kind' in ('refunded', 'voided') is not true or not exists (
      select from ledger.attempt where op = o.id and key = p_proof ->> 'reference') then
    if p_proof ->> 'kind' is distinct from 'gone' then
      return jsonb_build_object('kind', 'conflict', 'reason', 'evidence-mismatch');
    end if;
  end if;
  update ledger.attempt set outcome = p_proof where op = o.id and key = p_proof ->> 'reference';
  return ledger.finish(o, 'return', jsonb_build_object('kind', 'returned', 'opId', o.op_id,
    'returned', o.amount, 'currency', o.currency, 'by', p_proof ->> 'kind'), 'COMPLETED', null,
    'late.returned');
end $$;

revoke all on function ledger.begin_late_v1(jsonb), ledger.end_late_v1(text, jsonb) from public;
grant execute on function ledger.begin_late_v1(jsonb), ledger.end_late_v1(text, jsonb)
  to holdfast_worker;
