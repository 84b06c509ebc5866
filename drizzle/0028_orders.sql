-- Operations of several steps, and orders. Older workers survive: but for new functions, the look at
-- what must hold only looks, and hold_refund_v1 refuses what only these operations can bring about.
CREATE INDEX "operation_parent" ON "ledger"."operation" USING btree ("parent_op_id") WHERE parent_op_id is not null;
--> statement-breakpoint

-- What operations of several steps share: their money is that of payments they start, which name
-- them as their parent, and of the refunds of those.

-- Writes the row. Met again, it tells whether it was turned back, so that a run that starts anew
-- does not go on with what another one gives back.
create or replace function ledger.accept_steps(p_envelope jsonb) returns jsonb
language plpgsql volatile as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), o.outcome || '{"replayed": true}',
    ledger.step_result(o.id, 'accept') || coalesce((
      select jsonb_build_object('returns', result -> 'code')
        from ledger.step where op = o.id and step = 'turn'), '{}'));
begin
  if v_result is not null then return v_result; end if;
  return ledger.finish(o, 'accept', jsonb_build_object('kind', 'accepted', 'opId', o.op_id,
    'since', (extract(epoch from o.accepted_at) * 1000)::bigint), 'IN_PROGRESS', null,
    lower(o.domain) || '.accepted');
end $$;

-- Decides that nothing more is done and what was done goes back. It is written before the first of
-- it goes back.
create or replace function ledger.turn_steps(p_op_id text, p_code text) returns jsonb
language plpgsql volatile as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := coalesce(ledger.step_result(o.id, 'turn'), ledger.not_open(o));
begin
  if v_result is not null then return v_result; end if;
  return ledger.finish(o, 'turn', jsonb_build_object('kind', 'turned', 'opId', o.op_id,
    'code', p_code), 'IN_PROGRESS', 'charging', lower(o.domain) || '.turned');
end $$;

-- What the payments of an operation took, less what went back.
create or replace function ledger.paid_for(o ledger.operation) returns bigint
language sql stable as $$
  select coalesce(sum(h.captured - coalesce((
           select sum(captured) from ledger.hold where parent = h.op), 0)), 0)::bigint
    from ledger.operation p join ledger.hold h on h.op = p.id
   where p.parent_op_id = o.op_id and p.domain = 'Payment'
$$;

-- The same, for the operation itself: asked before the first step that was to be paid for.
create or replace function ledger.paid_v1(p_op_id text) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  return jsonb_build_object('minor', ledger.paid_for(ledger.operation_known(p_op_id)));
end $$;

-- Ends the operation: done, when what it asked for is paid; refused, when it was turned and all
-- that its payments took is back.
create or replace function ledger.end_steps(p_op_id text) returns jsonb
language plpgsql volatile as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := coalesce(ledger.step_result(o.id, 'end'), ledger.not_open(o));
  v_turned jsonb := (select result from ledger.step where op = o.id and step = 'turn');
  v_paid bigint := ledger.paid_for(o);
begin
  if v_result is not null then return v_result; end if;
  if v_turned is null and v_paid <> coalesce(o.amount, 0) then
    return jsonb_build_object('kind', 'conflict', 'reason', 'not-paid');
  elsif v_turned is null then
    return ledger.finish(o, 'end', jsonb_build_object('kind', 'fulfilled', 'opId', o.op_id),
      'COMPLETED', null, lower(o.domain) || '.settled');
  elsif v_paid <> 0 then
    return jsonb_build_object('kind', 'conflict', 'reason', 'money-not-back');
  end if;
  return ledger.finish(o, 'end', ledger.refusal(v_turned ->> 'code', 'what was done went back'),
    'FAILED', null, lower(o.domain) || '.refused');
end $$;

revoke all on function ledger.accept_steps(jsonb), ledger.turn_steps(text, text),
  ledger.paid_for(ledger.operation), ledger.paid_v1(text), ledger.end_steps(text) from public;
grant execute on function ledger.paid_v1(text) to holdfast_worker;

-- An order: its row, the decision to give back, and its end.

-- Opens an order. What it must never be opened for is refused here.
create or replace function ledger.accept_order_v1(p_envelope jsonb)
returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  return ledger.accept_steps(p_envelope);
end $$;

-- From now on an order only gives back.
create or replace function ledger.turn_order_v1(p_op_id text, p_code text)
returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  return ledger.turn_steps(p_op_id, p_code);
end $$;

-- Ends an order, done or refused, when its money says so too.
create or replace function ledger.end_order_v1(p_op_id text)
returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  return ledger.end_steps(p_op_id);
end $$;

revoke all on function ledger.accept_order_v1(jsonb) from public;
revoke all on function ledger.turn_order_v1(text, text) from public;
revoke all on function ledger.end_order_v1(text) from public;
grant execute on function ledger.accept_order_v1(jsonb) to holdfast_worker;
grant execute on function ledger.turn_order_v1(text, text) to holdfast_worker;
grant execute on function ledger.end_order_v1(text) to holdfast_worker;

-- Sets captured money aside on the account that received it, to go back to who paid; all that is
-- left when no amount is named. The payment's row is locked, so that a hundred refunds at once are
-- counted one after the other: never is more on its way back than was captured. What an open
-- operation of several steps took for itself goes back through that one alone: it would go on with
-- its steps unpaid.
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
    when exists (select from ledger.operation whole
      where whole.op_id = paid.parent_op_id and whole.op_id is distinct from o.parent_op_id
        and whole.state not in ('COMPLETED', 'FAILED')) then
      ledger.refusal('invalid-state', 'what it pays for is under way, and gives it back itself')
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

-- True for a card's number, by length, first digit and check digit (ISO/IEC 7812-1), a bearer
-- token, or a secret under its name. A moment in milliseconds begins with 1 and is none, nor are
-- digits among the letters of a hash.
create or replace function ledger.shows_secret(p_text text) returns boolean
language sql immutable as $$
  select p_text ~* 'bearer\s+[a-z0-9_-]{8,}\.'
      or p_text ~* '"(cvv|cvc|pan|password|otp)"\s*:\s*"[^*"]'
      or exists (
        select from regexp_matches(p_text, '(?<![0-9a-z])[2-6][0-9]{12,18}(?![0-9a-z])', 'gi') run
         where (select sum(case when place % 2 = 1 then digit
                                when digit > 4 then digit * 2 - 9 else digit * 2 end)
                  from (select d.digit::int, row_number() over (order by d.n desc) as place
                          from regexp_split_to_table(run[1], '') with ordinality d(digit, n)) x
               ) % 10 = 0)
$$;

-- What must hold at every moment: every row that comes back is a violation. Written from the rules
-- and not from the verbs, so that a verb that is wrong cannot agree with it. One STABLE function,
-- so one snapshot. An open operation is PENDING or IN_PROGRESS, a parked one is open and in front
-- of a person; it has ended when COMPLETED, which is settled, or FAILED, which is released.
--
-- It looks at the operations and accounts with ids from p_from to p_to, or at those that something
-- happened to after the event p_after; at all when none is given. An entry is checked against the
-- one before it, so that pages prove what one look at all would; the sum over all accounts is of
-- the first page alone. Rules about time allow p_grace.
create or replace function ledger.violations_v1(
  p_tenant text, p_from bigint, p_to bigint, p_after bigint, p_grace interval
) returns table (name text, subject text)
language sql stable security definer set search_path = ledger, pg_temp as $$
  with op as materialized (
    select o.* from ledger.operation o
     where (p_tenant is null or o.tenant = p_tenant)
       and (p_from is null or o.id between p_from and p_to)
       and (p_after is null or o.id in (select op from ledger.outbox where id > p_after))
  ), line as materialized (
    select e.*, op.op_id, a.tenant as account_tenant, a.kind, a.chain,
           b.version as before_version, b.posted_after as before_posted,
           b.held_after as before_held, b.recorded_at as before_at, b.hash as before_hash
      from op join ledger.entry e on e.op = op.id
      join ledger.account a on a.id = e.account
      left join ledger.entry b on b.account = e.account and b.version = e.version - 1
  ), acct as materialized (
    select a.* from ledger.account a
     where (p_tenant is null or a.tenant = p_tenant)
       and ((p_from is null and p_after is null) or a.id between p_from and p_to
            or a.id in (select account from line))
  ), held as (
    select h.*, op.op_id, op.state as op_state, op.domain from op join ledger.hold h on h.op = op.id
  ), tried as (
    select t.*, op.op_id, op.state as op_state, op.amount as op_amount
      from op join ledger.attempt t on t.op = op.id
  )
  select 'accounts-sum-to-zero', concat_ws(' ', tenant, currency) from ledger.account
   where (p_tenant is null or tenant = p_tenant) and (p_from is null or p_from = 1)
   group by tenant, currency having sum(posted) <> 0
  union all
  select 'step-sums-to-zero', concat_ws(' ', op_id, step) from line group by op_id, step
  having sum(posted_delta) <> 0 or count(distinct currency) > 1
  union all
  select 'balance-is-its-last-entry', a.account_id from acct a
    left join lateral (select * from ledger.entry e where e.account = a.id
                        order by e.version desc limit 1) e on true
   where a.version <> coalesce(e.version, 0) or a.posted <> coalesce(e.posted_after, 0)
      or a.held <> coalesce(e.held_after, 0) or (e.version is not null and a.chain <> e.hash)
  union all
  select 'entry-follows-the-one-before', concat_ws(' ', op_id, account, version) from line
   where (version > 1 and before_version is null)
      or posted_after <> coalesce(before_posted, 0) + posted_delta
      or held_after <> coalesce(before_held, 0) + held_delta
  union all
  select 'entry-is-later-than-the-one-before', concat_ws(' ', op_id, account, version) from line
   where recorded_at <= before_at
  union all
  select 'chain-is-unbroken', concat_ws(' ', op_id, account, version) from line
   where before_hash is not null and hash <> ledger.link(before_hash, account, version, op_id,
           step, posted_delta, held_delta, posted_after, held_after, recorded_at)
  union all
  select 'entry-of-a-step', concat_ws(' ', op_id, step) from line
   where not exists (select from ledger.step s where s.op = line.op and s.step = line.step)
  union all
  select 'entry-within-the-tenant', op_id from line where tenant <> account_tenant
  union all
  select 'held-is-the-open-holds', a.account_id from acct a
    left join ledger.hold h on h.account = a.id and h.state = 'held'
   group by a.id, a.account_id, a.held
  having a.held <> coalesce(sum(h.amount - h.captured - h.released), 0)
  union all
  select 'available-above-its-limit', a.account_id from ledger.account a
   where a.kind <> 'internal'
     and (a.tenant, a.account_id) in (select tenant, account_id from acct)
   group by a.tenant, a.account_id
  having sum(a.posted - a.held) < -min(a.overdraft_limit) or min(a.held) < 0
  union all
  select 'hold-adds-up', op_id from held
   where captured < 0 or released < 0 or captured + released > amount
      or (state <> 'held' and captured + released <> amount) or (not tombstone and amount <= 0)
  union all
  select 'hold-is-open-while-its-operation-is', op_id from held
   where (state = 'held') <> (op_state = 'IN_PROGRESS')
  union all
  select 'captured-hold-is-completed', op_id from held
   where (state = 'captured') <> (op_state = 'COMPLETED')
  union all
  select 'settled-or-released', o.op_id from op o join ledger.step s on s.op = o.id
   where s.step in ('settle', 'release') group by o.op_id having count(*) > 1
  union all
  select 'completed-moved-what-it-says', o.op_id from op o
    left join line e on e.op = o.id and e.posted_delta < 0
   where o.domain <> 'Account' and o.state = 'COMPLETED' group by o.id, o.op_id, o.outcome
  having coalesce(-sum(e.posted_delta), 0) <> coalesce((o.outcome ->> 'minor')::bigint, 0)
  union all
  select 'failed-moved-nothing', o.op_id from op o join line e on e.op = o.id
   where o.state = 'FAILED' group by o.op_id, e.account having sum(e.posted_delta) <> 0
      or sum(e.held_delta) <> 0
  union all
  select 'payment-taken-at-once-moved-its-amount', o.op_id from op o
   where o.domain = 'Payment' and o.state = 'COMPLETED'
     and o.command #>> '{payload,capture}' = 'automatic'
     and (o.outcome ->> 'minor')::bigint <> o.amount
  union all
  select 'refunds-within-what-was-captured', o.op_id from op r
    join ledger.hold one on one.op = r.id and one.parent is not null
    join ledger.operation o on o.id = one.parent
    join ledger.hold h on h.op = o.id join ledger.hold back on back.parent = o.id
   group by o.op_id, one.op, h.captured having sum(back.amount - back.released) > h.captured
  union all
  select 'one-effect-per-step', concat_ws(' ', op_id, step) from tried
   where outcome ->> 'kind' in ('captured', 'authorized', 'refunded', 'paid-out')
   group by op_id, step having count(*) > 1
  union all
  select 'attempt-moved-what-was-asked', key from tried
   where outcome ->> 'kind' in ('captured', 'refunded', 'paid-out')
     and (outcome ->> 'minor')::bigint <> coalesce(amount, op_amount)
  union all
  select 'failed-took-nothing-outside', t.op_id from tried t
   where t.op_state = 'FAILED' and t.outcome ->> 'kind' in ('captured', 'refunded', 'paid-out')
     and not exists (select from ledger.operation late where late.parent_op_id = t.op_id)
  union all
  select 'failed-gave-back-what-it-took', o.op_id from op o
    join ledger.operation p on p.parent_op_id = o.op_id and p.domain = 'Payment'
    join ledger.hold h on h.op = p.id left join ledger.hold back on back.parent = p.id
   where o.state = 'FAILED' group by o.op_id, p.id, h.captured
  having h.captured <> coalesce(sum(back.captured), 0)
  union all
  select 'one-operation-per-key', o.op_id from op o join ledger.operation other
      on (other.tenant, other.principal, other.domain, other.event_type, other.idem_key)
       = (o.tenant, o.principal, o.domain, o.event_type, o.idem_key) and other.id <> o.id
  union all
  select 'ended-with-an-outcome', op_id from op
   where (state in ('COMPLETED', 'FAILED')) <> (outcome is not null)
      or (outcome is not null and phase is not null)
  union all
  select 'events-are-numbered', o.op_id from op o left join ledger.outbox x on x.op = o.id
   group by o.id, o.op_id, o.seq, o.state
  having max(x.seq) <> o.seq or count(x.id) <> max(x.seq) - min(x.seq) + 1
      or (count(x.id) = 0 and o.state not in ('COMPLETED', 'FAILED') and o.seq > 0)
  union all
  select 'end-has-its-event', o.op_id from op o
    join lateral (select at from ledger.outbox e where e.op = o.id and e.type not like 'case.%'
                   order by e.seq desc limit 1) x on true
   where o.outcome is not null and x.at <> o.updated_at
  union all
  select 'event-leaves', concat_ws('.', o.op_id, x.seq) from op o
    join ledger.outbox x on x.op = o.id
   where x.published_at is null and x.at < ledger.clock() - p_grace
  union all
  select 'open-operation-goes-on', op_id from op
   where state in ('PENDING', 'IN_PROGRESS')
     and coalesce(phase, 'charging') in ('charging', 'in-doubt')
     and greatest(updated_at, budget_ends_at) < ledger.clock() - p_grace
     -- It waits for the end of what it started, however long a person takes.
     and not exists (select from ledger.operation c where c.parent_op_id = op.op_id
                        and c.state in ('PENDING', 'IN_PROGRESS'))
  union all
  select 'hold-ends-in-time', op_id from held
   where state = 'held' and expires_at < ledger.clock() - p_grace
     and exists (select from op o where o.id = held.op and o.phase = 'held')
  union all
  select 'webhook-is-applied', concat_ws(' ', provider, event_id) from ledger.webhook w
   where state = 'received' and received_at < ledger.clock() - p_grace
     and (p_tenant is null or w.tenant = p_tenant)
  union all
  select 'step-has-its-audit-line', concat_ws(' ', o.op_id, s.step) from op o
    join ledger.step s on s.op = o.id
   where not exists (select from ledger.audit a where a.op = s.op and a.at = s.at)
  union all
  select 'audit-names-no-secret', o.op_id from op o join ledger.audit a on a.op = o.id
   where ledger.shows_secret(a.detail::text)
  union all
  select 'parked-has-its-case', o.op_id from op o
    left join ledger.case c on c.op = o.id and c.kind = 'parked' and c.state <> 'ended'
   where (o.phase is not distinct from 'parked') <> (c.id is not null)
  union all
  select 'case-says-what-is-held', c.case_id from op o join ledger.case c on c.op = o.id
    left join ledger.hold h on h.op = o.id
   where c.kind = 'parked' and c.state <> 'ended'
     and c.amount_at_risk <> coalesce(h.amount - h.captured - h.released, 0)
  union all
  select 'by-hand-by-two', o.op_id from op o
   where (o.outcome ->> 'byHand' = 'true' or o.domain = 'Correction')
     and 2 > (select count(distinct a.principal) from ledger.audit a where a.op = o.id
       and a.action in ('case.release', 'case.settle', 'finding.corrected'))
  union all
  select 'approved-by-another', o.op_id from op o join ledger.approval p on p.op = o.id
   where p.principal in (o.principal, o.actor) or 1 <> (
     select count(*) from ledger.audit a where a.op = o.id and a.principal = p.principal
        and a.action = 'approval.' || p.verdict)
  union all
  select 'rows-belong-to-their-operation', o.op_id from op o join (
      select op, tenant, trace from ledger.entry union all select op, tenant, trace from ledger.step
      union all select op, tenant, trace from ledger.hold
      union all select op, tenant, trace from ledger.attempt
      union all select op, tenant, trace from ledger.outbox
      union all select op, tenant, trace from ledger.delivery
      union all select op, tenant, trace from ledger.audit) r on r.op = o.id
   where (r.tenant, r.trace) is distinct from (o.tenant, o.trace)
$$;

revoke all on function ledger.violations_v1(text, bigint, bigint, bigint, interval),
  ledger.shows_secret(text) from public;
grant execute on function ledger.violations_v1(text, bigint, bigint, bigint, interval)
  to holdfast_worker, holdfast_reader;
