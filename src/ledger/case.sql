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

-- Tells others of a case: an event of its operation, numbered among its own. It sets no phase: to
-- follow_case this is no change.
create or replace function ledger.tell_case(c ledger.case, p_event text) returns void
language sql volatile as $$
  with o as (update ledger.operation set seq = seq + 1 where id = c.op returning *)
  insert into ledger.outbox (op, seq, tenant, trace, type, subject, data, at)
  select id, seq, tenant, trace, p_event, op_id, jsonb_strip_nulls(jsonb_build_object(
           'caseId', c.case_id, 'kind', c.kind, 'reason', c.reason, 'amountAtRisk',
           c.amount_at_risk, 'currency', c.currency, 'action', c.action)), ledger.clock()
    from o
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
  on conflict (op, kind) where state <> 'ended' do nothing
  returning * into c;
  if found then
    perform ledger.tell_case(c, 'case.opened');
    return;
  end if;
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
declare
  c ledger.case;
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
     where op = new.id and state <> 'ended' and kind = 'parked' returning * into c;
    if found then perform ledger.tell_case(c, 'case.ended'); end if;
  end if;
  return null;
end $$;

create or replace trigger follow_case after update of phase on ledger.operation
  for each row when (old.phase = 'parked' or new.phase = 'parked')
  execute function ledger.follow_case();

-- Shows what a provider told of an ended operation that nothing can be done about by itself: one
-- case for all of it, until a person accepts it.
create or replace function ledger.show_contradiction() returns trigger
language plpgsql as $$
declare
  v_told jsonb := jsonb_strip_nulls(jsonb_build_object('provider', new.provider,
    'eventId', new.event_id, 'type', new.type, 'evidence', new.evidence));
  v_risk bigint := coalesce((new.evidence ->> 'minor')::bigint, 0);
  v_case bigint;
  v_fresh boolean;
begin
  insert into ledger.case as c (
    case_id, tenant, trace, op, kind, reason, advice, amount_at_risk, currency, evidence, opened_at)
  select 'case_' || replace(gen_random_uuid()::text, '-', ''), o.tenant, o.trace, o.id,
         'contradiction', 'the provider told of ' || new.type || ' after its end',
         'Look the reference up at the provider. Mend there or here what differs, then accept.',
         v_risk, o.currency, ledger.evidence_of(o.id) || jsonb_build_object('told',
           jsonb_build_array(v_told)), ledger.clock()
    from ledger.operation o where o.op_id = new.op_id
  on conflict (op, kind) where state <> 'ended' do update
     set amount_at_risk = greatest(c.amount_at_risk, v_risk),
         -- The latest ten: a provider that repeats itself must not make a row without end.
         evidence = jsonb_set(c.evidence, '{told}',
           jsonb_path_query_array(c.evidence -> 'told', '$[last - 8 to last]') || v_told)
  -- A row that was there before has an updater: ours.
  returning id, xmax = 0 into v_case, v_fresh;
  if v_fresh then
    perform ledger.tell_case(c, 'case.opened') from ledger.case c where id = v_case;
  end if;
  return null;
end $$;

create or replace trigger show_contradiction after update on ledger.webhook
  for each row when (new.state = 'held' and new.reason = 'operation-closed')
  execute function ledger.show_contradiction();

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
      if c.state = 'decided' then perform ledger.tell_case(c, 'case.decided'); end if;
    end if;
    v_kind := case c.state when 'decided' then 'decided' else 'approved' end;
  elsif p_action = 'accept' then
    update ledger.case set state = 'ended', ended_at = v_now, ended_by = p_principal,
      note = p_reason where id = c.id returning * into c;
    perform ledger.tell_case(c, 'case.ended');
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
  ledger.tell_case(ledger.case, text), ledger.open_case(ledger.operation), ledger.follow_case(),
  ledger.show_contradiction(),
  ledger.proves_by_hand(bigint, text, jsonb),
  ledger.case_act_v1(text, text, text, text, text, text, text) from public;
grant select on ledger.case to holdfast_worker, holdfast_reader;
-- The gateway's role speaks for the people; what they decided is carried out by the worker's.
grant execute on function ledger.case_act_v1(text, text, text, text, text, text, text)
  to holdfast_reader;
