-- The life of a hold, refunds and payouts. Older workers survive: their verbs stay as they were.

-- What verbs of later steps share.

-- The first answer of a verb that holds, if it ran before: an operation that has ended answers with
-- its end. The run that held it knows best what it did since: to itself this is no repetition.
create or replace function ledger.held_before(o ledger.operation, p_envelope jsonb) returns jsonb
language sql stable as $$
  select case when answer ->> 'run' = p_envelope ->> 'run' then answer - 'replayed' else answer end
    from coalesce(ledger.key_refusal(o, p_envelope), o.outcome || '{"replayed": true}',
                  ledger.step_result(o.id, 'reserve')) as answer
$$;

-- Writes the key under which the outside is about to be asked, and gives it.
create or replace function ledger.write_attempt(
  o ledger.operation, p_step text, p_n int, p_amount bigint
) returns text
language sql volatile as $$
  insert into ledger.attempt (op, step, n, tenant, trace, key, amount, sent_at)
  values (o.id, p_step, p_n, o.tenant, o.trace, o.op_id || ':' || p_step || ':' || p_n, p_amount,
          ledger.clock())
  returning key
$$;

-- The conflict of a step that only an operation under way can take; null when it is.
create or replace function ledger.not_open(o ledger.operation) returns jsonb
language sql immutable as $$
  select case when o.state is distinct from 'IN_PROGRESS' then jsonb_build_object(
    'kind', 'conflict', 'reason', 'operation-' || coalesce(o.state, 'missing')) end
$$;

-- The operation's row, locked, for a step that is not its first.
create or replace function ledger.operation_known(p_op_id text) returns ledger.operation
language sql volatile as $$ select * from ledger.operation where op_id = p_op_id for update $$;

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

-- Sets captured money aside on the account that received it, to go back to who paid; all that is
-- left when no amount is named. The payment's row is locked, so that a hundred refunds at once are
-- counted one after the other: never is more on its way back than was captured.
create or replace function ledger.hold_refund_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := ledger.held_before(o, p_envelope);
  v_left bigint;
  v_payer text;
  v_payee text;
  paid ledger.operation;
  h ledger.hold;
begin
  if v_result is not null then return v_result; end if;
  select * into paid from ledger.operation
   where tenant = o.tenant and op_id = o.command #>> '{payload,payment}' for update;
  select * into h from ledger.hold where op = paid.id;
  select h.captured - coalesce(sum(amount - released), 0) into v_left
    from ledger.hold where parent = paid.id;
  v_result := case
    when h.op is null or paid.domain <> 'Payment' then
      ledger.refusal('payment-unknown', 'there is no such payment')
    when h.state <> 'captured' then
      ledger.refusal('invalid-state', 'only what was captured can be refunded')
    when v_left = 0 or o.amount > v_left then
      ledger.refusal('refund-exceeds-captured', 'less is left than was asked for')
  end;
  if v_result is not null then
    return ledger.finish(o, 'reserve', v_result, 'FAILED', null, 'refund.refused');
  end if;
  select account_id into v_payer from ledger.account where id = h.payee;
  select account_id into v_payee from ledger.account where id = h.account;
  if o.amount is null then
    update ledger.operation set amount = v_left where id = o.id returning * into o;
  end if;
  return ledger.set_aside(o, v_payer, v_payee, o.amount,
    case h.method when 'balance' then 'balance' else 'refund' end,
    case h.method when 'balance' then null else 'refund.1' end, paid.id, null,
    jsonb_build_object('run', p_envelope -> 'run', 'chargeId', paid.outcome -> 'chargeId'));
end $$;

-- Sets money aside to be sent out: it goes to the tenant's internal account of all that ever left.
create or replace function ledger.hold_payout_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := ledger.held_before(o, p_envelope);
  v_outside text := '@payouts:' || o.currency;
begin
  if v_result is not null then return v_result; end if;
  perform ledger.open_rows(o, v_outside, o.currency, 'internal', 8, null, 0);
  return ledger.set_aside(o, o.account, v_outside, o.amount, 'payout', 'payout.1', null, null,
    jsonb_build_object('run', p_envelope -> 'run'));
end $$;

-- Begins one capture of a hold: writes the key before the provider is asked. What goes beyond the
-- hold, within the tolerance of what was authorised, is set aside first, so that the second half
-- cannot fail for want of money. A refusal changes nothing and is not kept: it may be asked again.
create or replace function ledger.capture_v1(
  p_op_id text, p_step text, p_minor bigint, p_final boolean, p_tolerance_percent int
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
  v_more := v_minor - (h.amount - h.captured);
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

-- Writes the key of an outside step that is about to be asked, once per step and attempt: the next
-- attempt after a definitive rejection, or the first of a step that no other verb begins.
create or replace function ledger.attempt_v1(
  p_op_id text, p_step text, p_n int, p_amount bigint
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_step text := p_step || ':' || p_n;
  v_result jsonb := coalesce(ledger.step_result(o.id, v_step), ledger.not_open(o));
begin
  if v_result is not null then return v_result; end if;
  return ledger.finish(o, v_step, jsonb_build_object('kind', 'attempted', 'opId', o.op_id,
    'reference', ledger.write_attempt(o, p_step, p_n, p_amount)), 'IN_PROGRESS', 'charging',
    lower(o.domain) || '.attempted');
end $$;

-- Moves the end of a hold to another moment. `p_change` names this one change.
create or replace function ledger.extend_hold_v1(
  p_op_id text, p_change text, p_expires_at timestamptz
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := ledger.step_result(o.id, p_change);
begin
  if v_result is not null then return v_result; end if;
  update ledger.hold set expires_at = p_expires_at where op = o.id and state = 'held';
  if not found then return ledger.refusal('invalid-state', 'nothing is held any more'); end if;
  return ledger.finish(o, p_change, jsonb_build_object('kind', 'extended', 'opId', o.op_id,
    'expiresAt', (extract(epoch from p_expires_at) * 1000)::bigint), 'IN_PROGRESS', o.phase,
    'hold.extended');
end $$;

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
    'chargeId', p_proof -> 'chargeId', 'payoutId', p_proof -> 'payoutId')),
    case h.state when 'captured' then 'COMPLETED' else 'IN_PROGRESS' end,
    case h.state when 'captured' then null else 'held' end,
    lower(o.domain) || case h.state when 'captured' then '.settled' else '.captured' end);
end $$;

-- Evidence proves when its key is that of an attempt of this hold for such a step, and amount and
-- currency are those that the attempt was to move; a transfer inside the ledger is its own proof.
create or replace function ledger.proves_move(h ledger.hold, p_proof jsonb) returns boolean
language sql stable as $$
  select case
    when p_proof ->> 'kind' = 'internal' then h.method = 'balance'
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
    return ledger.finish(o, 'release', jsonb_build_object('kind', 'settled', 'opId', o.op_id,
      'minor', h.captured, 'currency', h.currency, 'chargeId', (
        select outcome -> 'chargeId' from ledger.attempt
         where op = o.id and outcome ->> 'kind' = 'captured' limit 1)), 'COMPLETED', null,
      lower(o.domain) || '.settled');
  end if;
  return ledger.finish(o, 'release', jsonb_strip_nulls(jsonb_build_object('kind', 'released',
    'opId', o.op_id, 'code', v_code, 'minor', coalesce(v_back, 0),
    'message', 'the money was given back',
    'declineCode', p_because -> 'declineCode')), 'FAILED', null,
    case v_code when 'hold-expired' then 'hold.expired' else lower(o.domain) || '.refused' end);
end $$;

-- What the provider said must be of an attempt of this operation; the rest is ours to say.
create or replace function ledger.proves_return(p_op bigint, p_because jsonb) returns boolean
language sql stable as $$
  select case
    when p_because ->> 'kind' in ('withdrawn', 'never-charged') then true
    when p_because ->> 'kind' in ('declined', 'voided', 'fenced') then exists (
      select from ledger.attempt where op = p_op and key = p_because ->> 'reference')
    else false
  end
$$;

-- Says where inside an operation stands: in doubt, or parked for a person. `p_step` names the
-- change, so that a repetition, however late, changes nothing. The event is named after the phase,
-- unless the caller has a better name for it.
create or replace function ledger.note_phase_v2(
  p_op_id text, p_step text, p_phase text, p_detail jsonb, p_event text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := coalesce(ledger.step_result(o.id, p_step), ledger.not_open(o));
begin
  if v_result is not null then return v_result; end if;
  return ledger.finish(o, p_step, jsonb_build_object('kind', 'noted', 'phase', p_phase)
    || jsonb_build_object('detail', p_detail), 'IN_PROGRESS', p_phase,
    coalesce(p_event, lower(o.domain) || '.' || p_phase));
end $$;

-- available = funded + received + refunded - held - settled, for every account of a tenant, from
-- its entries and holds against its row: one STABLE function, so one snapshot.
create or replace function ledger.balance_check_v1(p_tenant text) returns table (
  account_id text, currency text, kind text, funded bigint, received bigint, refunded bigint,
  held bigint, settled bigint, available bigint, agrees boolean)
language sql stable security definer set search_path = ledger, pg_temp as $$
  with moved as (
    select e.account,
           coalesce(sum(e.posted_delta) filter (where e.step = 'fund'), 0) as funded,
           coalesce(sum(e.posted_delta) filter (
             where e.step not in ('fund', 'refund') and e.posted_delta > 0), 0) as received,
           coalesce(sum(e.posted_delta) filter (
             where e.step = 'refund' and e.posted_delta > 0), 0) as refunded,
           coalesce(-sum(e.posted_delta) filter (
             where e.step <> 'fund' and e.posted_delta < 0), 0) as settled,
           sum(e.posted_delta) as posted, sum(e.held_delta) as held, count(*) as entries
      from ledger.entry e join ledger.account a on a.id = e.account
     where a.tenant = p_tenant group by e.account
  ), open_hold as (
    select h.account, sum(h.amount - h.captured - h.released) as held
      from ledger.hold h where h.tenant = p_tenant and h.state = 'held' group by h.account
  )
  select a.account_id, min(a.currency), min(a.kind), coalesce(sum(m.funded), 0)::bigint,
         coalesce(sum(m.received), 0)::bigint, coalesce(sum(m.refunded), 0)::bigint,
         coalesce(sum(h.held), 0)::bigint, coalesce(sum(m.settled), 0)::bigint,
         sum(a.posted - a.held)::bigint,
         sum(a.posted - a.held) = coalesce(sum(m.funded + m.received + m.refunded - m.settled), 0)
           - coalesce(sum(h.held), 0)
         and bool_and(a.posted = coalesce(m.posted, 0) and a.held = coalesce(m.held, 0)
           and a.held = coalesce(h.held, 0) and a.version = coalesce(m.entries, 0))
    from ledger.account a
    left join moved m on m.account = a.id
    left join open_hold h on h.account = a.id
   where a.tenant = p_tenant
   group by a.account_id order by min(a.id)
$$;

-- Who may call the verbs that came after the first migration.
revoke all on all functions in schema ledger from public;
grant execute on function ledger.hold_v2(jsonb), ledger.hold_refund_v1(jsonb),
  ledger.hold_payout_v1(jsonb), ledger.capture_v1(text, text, bigint, boolean, int),
  ledger.attempt_v1(text, text, int, bigint),
  ledger.extend_hold_v1(text, text, timestamptz), ledger.settle_v2(text, text, jsonb, boolean),
  ledger.release_v2(jsonb, jsonb), ledger.note_phase_v2(text, text, text, jsonb, text)
  to holdfast_worker;
