-- Opens and ends cases and takes what two people decided. Older workers survive: they park as before,
-- the trigger opens the case, and their verbs only take one kind of proof more.

-- What waits for a person. A case follows its operation by a trigger, and not by the verbs: a verb
-- of an older worker, or one that is written later, cannot leave it behind; it is the same
-- statement, under the lock of the operation; and what is not parked does not pay for it.

-- What is still held for an operation.
create or replace function ledger.at_risk(p_op bigint) returns bigint
language sql stable as $$
  select coalesce((select amount - captured - released from ledger.hold
                    where op = p_op and state = 'held'), 0)
$$;

-- What was sent to the outside, and what is known of it.
create or replace function ledger.evidence_of(p_op bigint) returns jsonb
language sql stable as $$
  select jsonb_build_object('attempts', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
    'reference', a.key, 'step', a.step, 'n', a.n, 'amount', coalesce(a.amount, h.amount),
    'sentAt', to_char(a.sent_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'outcome', a.outcome)) order by a.sent_at, a.key), '[]'))
    from ledger.attempt a left join ledger.hold h on h.op = a.op
   where a.op = p_op
$$;

-- Opens the case of an operation that parks. One that parks again keeps its case, and approvals
-- only while they are of what stands now.
create or replace function ledger.open_case(o ledger.operation) returns void
language plpgsql volatile as $$
declare
  v_risk bigint := ledger.at_risk(o.id);
  v_reason text := coalesce((
    select result #>> '{detail,reason}' from ledger.step
     where op = o.id and at = o.updated_at and result ->> 'phase' = 'parked'
     order by step desc limit 1), 'it parked');
  c ledger.case;
begin
  insert into ledger.case (
    case_id, tenant, trace, op, kind, reason, advice, amount_at_risk, currency, evidence, opened_at)
  values (
    'case_' || replace(gen_random_uuid()::text, '-', ''), o.tenant, o.trace, o.id, 'parked',
    v_reason,
    case v_risk when 0 then 'Nothing is held. Mend what the reason names, then retry.'
    else 'Look the references up at the provider, then verify. Where it cannot answer, two people '
      || 'settle what it took, or release what it certainly did not and never will.' end,
    v_risk, coalesce((select currency from ledger.hold where op = o.id), o.currency),
    ledger.evidence_of(o.id), ledger.clock())
  on conflict (op, kind) where state <> 'ended' do nothing;
  if found then return; end if;
  select * into c from ledger.case where op = o.id and kind = 'parked' and state <> 'ended'
     for update;
  update ledger.case set evidence = ledger.evidence_of(o.id) where id = c.id;
  if (c.reason, c.amount_at_risk) is distinct from (v_reason, v_risk) then
    update ledger.case
       set reason = v_reason, amount_at_risk = v_risk, state = 'open', action = null,
           charge_id = null, approvals = '[]'
     where id = c.id;
  end if;
end $$;

-- Keeps the case of an operation in step with it.
create or replace function ledger.follow_case() returns trigger
language plpgsql as $$
begin
  if new.phase = 'parked' then
    perform ledger.open_case(new);
  else
    update ledger.case
       set state = 'ended', ended_at = ledger.clock(), amount_at_risk = ledger.at_risk(new.id),
           evidence = ledger.evidence_of(new.id),
           ended_by = case when new.outcome ->> 'byHand' = 'true'
             then concat_ws(', ', approvals #>> '{0,principal}', approvals #>> '{1,principal}')
             else 'workflow' end,
           note = coalesce(new.outcome ->> 'code', new.outcome ->> 'kind', new.phase)
     where op = new.id and state <> 'ended' and kind = 'parked';
  end if;
  return null;
end $$;

create or replace trigger follow_case after update on ledger.operation
  for each row when (old.phase = 'parked' or new.phase = 'parked')
  execute function ledger.follow_case();

-- True when two people approved exactly this: the one proof of what is done by hand.
create or replace function ledger.proves_by_hand(p_op bigint, p_action text, p_proof jsonb)
returns boolean
language sql stable as $$
  select exists (
    select from ledger.case c join ledger.operation o on o.id = c.op
     where c.op = p_op and c.state = 'decided' and c.kind = 'parked' and o.phase = 'parked'
       and c.action = p_action and c.charge_id is not distinct from p_proof ->> 'chargeId'
       and p_proof -> 'by' = jsonb_build_array(c.approvals #> '{0,principal}',
                                               c.approvals #> '{1,principal}'))
$$;

-- What one person does about a case, with the audit line of it. Settle and release by hand are
-- approved by the first and decided by the second; another proposal takes the place of the first.
-- Locks the operation, then the case, as a verb does.
create or replace function ledger.case_act_v1(
  p_tenant text, p_case_id text, p_action text, p_principal text, p_actor text, p_reason text,
  p_charge_id text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation;
  c ledger.case;
  v_now timestamptz := ledger.clock();
  v_approval jsonb := jsonb_build_object('principal', p_principal, 'reason', p_reason,
    'action', p_action, 'at', to_char(v_now at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'));
  v_same boolean;
  v_kind text;
begin
  if coalesce(p_reason, '') = '' or coalesce(p_principal, '') = '' then
    raise exception 'an action needs a person and a reason' using errcode = '22023';
  end if;
  select * into o from ledger.operation where tenant = p_tenant and id = (
    select op from ledger.case where tenant = p_tenant and case_id = p_case_id) for update;
  select * into c from ledger.case where tenant = p_tenant and case_id = p_case_id for update;
  if c.id is null then return ledger.refusal('case-unknown', 'there is no such case'); end if;
  if c.state = 'ended' or (p_action = 'accept') = (c.kind = 'parked') then
    return ledger.refusal('invalid-state', 'the case does not allow this');
  end if;
  v_same := c.action = p_action and c.charge_id is not distinct from p_charge_id;
  if p_action in ('settle', 'release') then
    if o.phase is distinct from 'parked' or ledger.at_risk(o.id) = 0
       or (c.state = 'decided' and not v_same) then
      return ledger.refusal('invalid-state', 'the case does not allow this');
    end if;
    -- Without it no refund of the payment could name what it gives back.
    if p_action = 'settle' and o.domain = 'Payment' and p_charge_id is null
       and (select method from ledger.hold where op = o.id) <> 'balance' then
      return ledger.refusal('charge-required', 'name the charge that was found');
    end if;
    if c.state = 'approved-once' and v_same
       and c.approvals #>> '{0,principal}' = p_principal then
      return ledger.refusal('second-person-required', 'somebody else must approve it too');
    end if;
    if c.state <> 'decided' then
      update ledger.case
         set action = p_action, charge_id = p_charge_id,
             state = case when v_same then 'decided' else 'approved-once' end,
             approvals = case when v_same then approvals else '[]' end || v_approval
       where id = c.id returning * into c;
    end if;
    v_kind := case c.state when 'decided' then 'decided' else 'approved' end;
  elsif p_action = 'accept' then
    update ledger.case set state = 'ended', ended_at = v_now, ended_by = p_principal,
      note = p_reason where id = c.id;
    v_kind := 'accepted';
  elsif p_action in ('verify', 'retry') then
    v_kind := 'awaited';
  else
    raise exception 'no such action: %', p_action using errcode = '22023';
  end if;
  insert into ledger.audit (op, tenant, trace, principal, actor, action, subject, detail, at)
  values (o.id, o.tenant, o.trace, p_principal, p_actor, 'case.' || p_action, c.case_id,
    jsonb_strip_nulls(jsonb_build_object('kind', v_kind, 'opId', o.op_id, 'reason', p_reason,
      'chargeId', p_charge_id)), v_now);
  return jsonb_strip_nulls(jsonb_build_object('kind', v_kind, 'opId', o.op_id) || case v_kind
    when 'decided' then jsonb_build_object('action', c.action, 'chargeId', c.charge_id, 'by',
      jsonb_build_array(c.approvals #> '{0,principal}', c.approvals #> '{1,principal}'))
    else '{}' end);
end $$;

revoke all on function ledger.at_risk(bigint), ledger.evidence_of(bigint),
  ledger.open_case(ledger.operation), ledger.follow_case(),
  ledger.proves_by_hand(bigint, text, jsonb),
  ledger.case_act_v1(text, text, text, text, text, text, text) from public;
grant select on ledger.case to holdfast_worker, holdfast_reader;
-- The gateway's role speaks for the people; what they decided is carried out by the worker's.
grant execute on function ledger.case_act_v1(text, text, text, text, text, text, text)
  to holdfast_reader;

-- Moves held money to its payee, with what the provider did as proof: the evidence is checked again
-- here. The last one gives back what is left of the hold and ends the operation. A settle that lost
-- the race, or whose proof does not fit, changes nothing.
create or replace function ledger.settle_v2(
  p_op_id text, p_step text, p_proof jsonb, p_final boolean
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  h ledger.hold;
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
  v_minor := coalesce((p_proof ->> 'minor')::bigint, v_left);
  if p_final then v_back := v_left - v_minor; end if;
  perform 1 from ledger.account where id in (h.account, h.payee) order by id for no key update;
  perform ledger.post(o, p_step, jsonb_build_array(
    jsonb_build_object('account', h.account, 'posted', -v_minor, 'held', -v_minor - v_back),
    jsonb_build_object('account', h.payee, 'posted', v_minor, 'held', 0)));
  update ledger.hold
     set captured = captured + v_minor, released = v_back,
         state = case when captured + v_minor + v_back = amount then 'captured' else 'held' end
   where op = o.id returning * into h;
  update ledger.attempt set outcome = p_proof where op = o.id and key = p_proof ->> 'reference';
  return ledger.finish(o, p_step, jsonb_strip_nulls(jsonb_build_object(
    'kind', case h.state when 'captured' then 'settled' else 'captured-part' end,
    'opId', o.op_id, 'minor', h.captured, 'currency', h.currency,
    'chargeId', p_proof -> 'chargeId', 'payoutId', p_proof -> 'payoutId',
    'byHand', case p_proof ->> 'kind' when 'by-hand' then true end)),
    case h.state when 'captured' then 'COMPLETED' else 'IN_PROGRESS' end,
    case h.state when 'captured' then null else 'held' end,
    lower(o.domain) || case h.state when 'captured' then '.settled' else '.captured' end);
end $$;

-- Evidence proves when its key is that of an attempt of this hold for such a step, and amount and
-- currency are those that the attempt was to move; a transfer inside the ledger is its own proof.
-- Two people prove all that is left, and nothing else.
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

-- What is parked already gets its case.
select ledger.open_case(o) from ledger.operation o where o.phase = 'parked';
