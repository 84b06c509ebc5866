-- Two people correct a finding, and one retires a sink. Older workers survive: nothing that they
-- call changed its meaning.
ALTER TABLE "ledger"."sink" ADD COLUMN "leased_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "ledger"."finding" ADD COLUMN "correction" jsonb;--> statement-breakpoint
-- What reconciliation saw. A finding moves no money and decides nothing; what people book for it is
-- in correct-finding.sql.

-- Writes what a sweep saw of the subjects that it looked at: what it saw before is moved on, what
-- it sees no more is resolved, and what a person accepted stays so. Gives those that now want an
-- alert: nobody can explain them, two sweeps saw them, and they last; each is given once.
create or replace function ledger.see_findings_v1(
  p_sweep text, p_looked jsonb, p_seen jsonb, p_sustained_ms int
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  v_alerts jsonb;
begin
  insert into ledger.finding as f (finding_id, tenant, kind, subject, op, reference, evidence,
    explained, reason, first_seen, last_seen, sweep)
  select 'finding_' || md5(s.kind || '|' || s.subject), coalesce(o.tenant, s.tenant), s.kind,
         s.subject, o.id, s.reference, s.evidence, s.reason is not null, s.reason, v_now, v_now,
         p_sweep
    from jsonb_to_recordset(p_seen) as s(tenant text, kind text, subject text, "opId" text,
           reference text, evidence jsonb, reason text)
    left join ledger.operation o on o.op_id = s."opId"
   order by s.kind, s.subject
  on conflict (kind, subject) do update
    set evidence = excluded.evidence, explained = excluded.explained, reason = excluded.reason,
        last_seen = v_now, sweep = p_sweep,
        times = case when f.resolved_by = 'reconciler' then 1
                     when f.sweep = p_sweep then f.times else f.times + 1 end,
        first_seen = case f.resolved_by when 'reconciler' then v_now else f.first_seen end,
        alerted_at = case f.resolved_by when 'reconciler' then null else f.alerted_at end,
        state = case f.resolved_by when 'reconciler' then 'open' else f.state end,
        resolved_at = case f.resolved_by when 'reconciler' then null else f.resolved_at end,
        resolved_by = case f.resolved_by when 'reconciler' then null else f.resolved_by end,
        correction = case f.resolved_by when 'reconciler' then null else f.correction end;
  update ledger.finding f
     set state = 'resolved', resolved_at = v_now, resolved_by = 'reconciler'
   where f.state = 'open'
     and f.subject in (select value from jsonb_array_elements_text(p_looked))
     and not exists (select from jsonb_to_recordset(p_seen) as s(kind text, subject text)
                      where (s.kind, s.subject) = (f.kind, f.subject));
  with alerted as (
    update ledger.finding f set alerted_at = v_now
     where f.state = 'open' and not f.explained and f.alerted_at is null and f.times >= 2
       and f.first_seen <= v_now - p_sustained_ms * interval '1 millisecond'
       and f.subject in (select value from jsonb_array_elements_text(p_looked))
    returning f.finding_id, f.kind, f.subject, f.tenant
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', finding_id, 'kind', kind, 'subject', subject,
    'tenant', tenant)), '[]') into v_alerts from alerted;
  return v_alerts;
end $$;

-- Writes that a person accepts a finding, and why. Accepted twice, the first word counts.
create or replace function ledger.accept_finding_v1(
  p_tenant text, p_finding_id text, p_principal text, p_actor text, p_note text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  f ledger.finding;
begin
  update ledger.finding
     set state = 'resolved', resolved_at = ledger.clock(), resolved_by = p_principal,
         note = p_note
   where finding_id = p_finding_id and coalesce(tenant, p_tenant) = p_tenant and state = 'open'
  returning * into f;
  if f.id is null then
    return ledger.refusal(case when exists (
      select from ledger.finding
       where finding_id = p_finding_id and coalesce(tenant, p_tenant) = p_tenant)
      then 'invalid-state' else 'finding-unknown' end, 'there is no such open finding');
  end if;
  insert into ledger.audit (op, tenant, trace, principal, actor, action, subject, detail, at)
  select o.id, o.tenant, o.trace, p_principal, p_actor, 'finding.accepted', f.finding_id,
         jsonb_build_object('kind', f.kind, 'reason', p_note), f.resolved_at
    from ledger.operation o where o.id = f.op;
  return jsonb_build_object('kind', 'accepted');
end $$;

-- Keeps how far the charges of a provider were compared.
create or replace function ledger.move_cursor_v1(p_provider text, p_cursor text) returns void
language sql volatile security definer set search_path = ledger, pg_temp as $$
  insert into ledger.provider_cursor (provider, cursor, moved_at)
  values (p_provider, p_cursor, ledger.clock())
  on conflict (provider) do update set cursor = excluded.cursor, moved_at = excluded.moved_at
$$;

revoke all on function ledger.see_findings_v1(text, jsonb, jsonb, int),
  ledger.accept_finding_v1(text, text, text, text, text),
  ledger.move_cursor_v1(text, text) from public;
grant select on ledger.finding to holdfast_worker, holdfast_reader;
grant select on ledger.provider_cursor to holdfast_worker, holdfast_reader;
grant execute on function ledger.see_findings_v1(text, jsonb, jsonb, int),
  ledger.move_cursor_v1(text, text) to holdfast_worker;
-- The gateway's role speaks for the people.
grant execute on function ledger.accept_finding_v1(text, text, text, text, text)
  to holdfast_reader;

-- Why an account cannot be corrected by this much, or null. Its rows, and those of the outside
-- world, must be locked; an account of many slots is judged as a whole.
create or replace function ledger.correction_refusal(
  p_tenant text, p_account text, p_outside text, p_currency text, p_minor bigint
) returns jsonb
language sql volatile as $$
  select case
      when min(status) filter (where own) is null then
        ledger.refusal('account-unknown', 'there is no such account')
      when min(status) filter (where own) = 'closed' then
        ledger.refusal('account-closed', 'the account is closed')
      when min(currency) filter (where own) <> p_currency then
        ledger.refusal('currency-mismatch', 'the account holds another currency')
      when p_minor < 0 and sum(posted - held) filter (where own) + p_minor
             < min(-overdraft_limit) filter (where own) then
        ledger.refusal('insufficient-funds', 'less is available than was asked for')
      when max(abs(posted + case when own then p_minor else -p_minor end)) > 9007199254740991 then
        ledger.refusal('balance-limit-exceeded', 'the balance would pass 2^53 - 1')
    end
    from (select *, account_id = p_account and kind <> 'internal' as own from ledger.account
           where tenant = p_tenant and account_id in (p_account, p_outside)) as touched
$$;

-- Corrects a finding by hand: one person proposes; another, who asks for the same, carries it out,
-- which ends the finding. Another proposal takes the place of the first. A frozen account is
-- corrected too: two people decide, and not its owner.
--
-- The finding's row is the mutex, before the operation's: that has its id from the finding alone,
-- so that one seen again after it was forgotten is not corrected a second time. What is refused
-- writes nothing: it may be asked again.
create or replace function ledger.correct_finding_v1(p_envelope jsonb, p_reason text) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  p jsonb := p_envelope #> '{command,payload}';
  v_tenant text := p_envelope ->> 'tenant';
  v_person text := p_envelope ->> 'actor';
  v_asked jsonb := p || jsonb_build_object('tenant', v_tenant);
  v_outside text := '@funding:' || (p ->> 'currency');
  v_minor bigint := (p ->> 'amount')::bigint
    * case p ->> 'direction' when 'credit' then 1 when 'debit' then -1 end;
  v_now timestamptz := ledger.clock();
  v_word jsonb := jsonb_build_object('principal', v_person, 'reason', p_reason,
    'at', to_char(v_now at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'));
  v_said jsonb := jsonb_build_array(jsonb_build_object('principal', v_person));
  v_by jsonb := '[]';
  v_refusal jsonb;
  f ledger.finding;
  o ledger.operation;
begin
  if coalesce(p_reason, '') = '' or coalesce(v_person, '') = '' then
    raise exception 'an action needs a person and a reason' using errcode = '22023';
  end if;
  select * into f from ledger.finding
   where finding_id = p ->> 'finding' and coalesce(tenant, v_tenant) = v_tenant for update;
  if f.id is null then
    return ledger.refusal('finding-unknown', 'there is no such finding');
  end if;
  if f.correction - 'by' - 'opId' = v_asked then
    v_by := f.correction -> 'by';
  end if;
  if f.correction ? 'opId' and v_by @> v_said then
    return jsonb_build_object('kind', 'corrected', 'opId', f.correction -> 'opId');
  end if;
  if f.state <> 'open'
     or exists (select from ledger.operation where op_id = p_envelope ->> 'opId') then
    return ledger.refusal('invalid-state', 'the finding was dealt with');
  end if;
  if v_by @> v_said then
    return '{"kind": "proposed"}';
  end if;
  v_by := v_by || v_word;

  if jsonb_array_length(v_by) = 2 and exists (
    select from ledger.account where tenant = v_tenant and account_id = p ->> 'account'
       and currency = p ->> 'currency') then
    o.tenant := v_tenant;
    o.trace := p_envelope ->> 'trace';
    perform ledger.open_rows(o, v_outside, p ->> 'currency', 'internal', 8, null, 0);
  end if;
  perform 1 from ledger.account
    where tenant = v_tenant and account_id in (p ->> 'account', v_outside)
    order by id for no key update;
  v_refusal := ledger.correction_refusal(v_tenant, p ->> 'account', v_outside, p ->> 'currency',
    v_minor);
  if v_refusal is not null then return v_refusal; end if;

  if jsonb_array_length(v_by) = 2 then
    o := ledger.operation_locked(p_envelope);
    perform ledger.post(o, 'correct', jsonb_build_array(
      jsonb_build_object('account', (ledger.row_of(o, o.account)).id, 'posted', v_minor, 'held', 0),
      jsonb_build_object('account', (ledger.row_of(o, v_outside)).id, 'posted', -v_minor,
        'held', 0)));
    perform ledger.finish(o, 'correct', (p - 'amount') || jsonb_build_object('kind', 'settled',
      'minor', o.amount, 'byHand', true), 'COMPLETED', null, lower(o.domain) || '.settled');
    update ledger.finding
       set state = 'resolved', resolved_at = v_now, resolved_by = v_person, note = p_reason
     where id = f.id;
    v_asked := v_asked || jsonb_build_object('opId', o.op_id);
  end if;
  update ledger.finding set correction = v_asked || jsonb_build_object('by', v_by) where id = f.id;
  -- The correction names both people, each with a line; the operation that the finding is about
  -- names all who spoke.
  insert into ledger.audit (op, tenant, trace, principal, actor, action, subject, detail, at)
  select one.id, one.tenant, one.trace, word ->> 'principal', word ->> 'principal',
         case when o.id is null then 'finding.proposed' else 'finding.corrected' end, f.finding_id,
         v_asked - 'tenant' || jsonb_build_object('reason', word -> 'reason'),
         (word ->> 'at')::timestamptz
    from ledger.operation one, jsonb_array_elements(v_by) word where one.id in (o.id, f.op);
  if o.id is null then return '{"kind": "proposed"}'; end if;
  return jsonb_build_object('kind', 'corrected', 'opId', o.op_id);
end $$;

revoke all on function ledger.correction_refusal(text, text, text, text, bigint),
  ledger.correct_finding_v1(jsonb, text) from public;
-- The gateway's role speaks for the people, and here their word is all there is to carry out.
grant execute on function ledger.correct_finding_v1(jsonb, text) to holdfast_reader;

-- available = funded + received + refunded - held - settled, for every account of a tenant, from
-- its entries and holds against its row: one STABLE function, so one snapshot.
create or replace function ledger.balance_check_v1(p_tenant text) returns table (
  account_id text, currency text, kind text, funded bigint, received bigint, refunded bigint,
  held bigint, settled bigint, available bigint, agrees boolean)
language sql stable security definer set search_path = ledger, pg_temp as $$
  with moved as (
    select e.account,
           coalesce(sum(e.posted_delta) filter (where e.step in ('fund', 'correct')), 0) as funded,
           coalesce(sum(e.posted_delta) filter (
             where e.step not in ('fund', 'correct', 'refund')
               and e.posted_delta > 0), 0) as received,
           coalesce(sum(e.posted_delta) filter (
             where e.step = 'refund' and e.posted_delta > 0), 0) as refunded,
           coalesce(-sum(e.posted_delta) filter (
             where e.step not in ('fund', 'correct') and e.posted_delta < 0), 0) as settled,
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

-- Events leave in two steps. Handing on: an event that was written becomes a delivery for each
-- sink, whatever order its transaction committed in. Lending: of an operation only the first event
-- that a sink is still owed is lent, so that no relay can overtake another. A relay that dies gives
-- its events back by the end of the lease. What is taken has no delivery any more.

-- Makes a sink known: it is owed every event that is handed on from then on. True when it is new.
create or replace function ledger.open_sink_v1(p_sink text) returns boolean
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  insert into ledger.sink (name, since) values (p_sink, ledger.clock()) on conflict do nothing;
  return found;
end $$;

-- Lends events of a sink to one relay for a while.
create or replace function ledger.lease_deliveries_v1(p_sink text, p_limit int, p_lease_ms int)
returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  v_lent jsonb;
begin
  -- Without it, events would be handed on to nobody.
  if not exists (select from ledger.sink where name = p_sink) then
    raise exception 'no such sink: %', p_sink using errcode = '22023';
  end if;
  update ledger.sink set leased_at = v_now
   where name = p_sink and coalesce(leased_at < v_now - interval '10 seconds', true);
  with handed as (
    update ledger.outbox set published_at = v_now
     where id in (select id from ledger.outbox where published_at is null
                   order by id limit 500 for update skip locked)
    returning *
  )
  insert into ledger.delivery (sink, event, op, seq, tenant, trace, next_attempt_at)
  select s.name, h.id, h.op, h.seq, h.tenant, h.trace, v_now from handed h cross join ledger.sink s;
  with lent as (
    update ledger.delivery
       set next_attempt_at = v_now + p_lease_ms * interval '1 millisecond'
     where sink = p_sink and event in (
       select d.event from ledger.delivery d
        where d.sink = p_sink and d.dead_at is null and d.next_attempt_at <= v_now
          and not exists (select from ledger.delivery before
                           where before.sink = p_sink and before.op = d.op
                             and before.seq < d.seq and before.dead_at is null)
          -- Another relay may be handing on the one before it right now.
          and not exists (select from ledger.outbox before where before.op = d.op
                            and before.seq < d.seq and before.published_at is null)
        order by d.next_attempt_at, d.event limit p_limit for update skip locked)
    returning event
  )
  select jsonb_agg(jsonb_build_object('id', e.id, 'opId', o.op_id, 'seq', e.seq, 'type', e.type,
           'tenant', e.tenant, 'subject', e.subject, 'trace', e.trace, 'data', e.data,
           'at', floor(extract(epoch from e.at) * 1000)) order by e.id)
    into v_lent
    from lent l join ledger.outbox e on e.id = l.event join ledger.operation o on o.id = e.op;
  return coalesce(v_lent, '[]');
end $$;

-- A sink has taken these; gives how many of them it was still owed.
create or replace function ledger.deliver_v1(p_sink text, p_ids jsonb) returns int
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_taken int;
begin
  delete from ledger.delivery
   where sink = p_sink
     and event in (select value::bigint from jsonb_array_elements_text(p_ids));
  get diagnostics v_taken = row_count;
  return v_taken;
end $$;

-- A sink did not take these: each waits twice as long as before, an hour at most. One that is
-- refused for good, or for longer than the retry time, is set aside. Gives how many were.
create or replace function ledger.refuse_deliveries_v1(
  p_sink text, p_refusals jsonb, p_retry_ms bigint
) returns int
language sql volatile security definer set search_path = ledger, pg_temp as $$
  with moment as materialized (select ledger.clock() as at), refused as (
    update ledger.delivery d
       set attempts = d.attempts + 1, reason = left(r.reason, 500),
           refused_since = coalesce(d.refused_since, m.at),
           next_attempt_at = m.at + least(2 ^ least(d.attempts, 12), 3600) * interval '1 second',
           dead_at = case when r."forGood" or m.at >= coalesce(d.refused_since, m.at)
             + p_retry_ms * interval '1 millisecond' then m.at end
      from jsonb_to_recordset(p_refusals) as r(id bigint, reason text, "forGood" boolean), moment m
     where d.sink = p_sink and d.event = r.id and d.dead_at is null
    returning d.*
  ), behind as (
    -- They cannot leave before it does: nobody need look at them until then.
    update ledger.delivery b set next_attempt_at = r.next_attempt_at
      from refused r
     where b.sink = r.sink and b.op = r.op and b.seq > r.seq
       and r.dead_at is null and b.dead_at is null
  )
  select count(*)::int from refused where dead_at is not null
$$;

-- A person wants a sink to get an event again, whatever became of it, or all that are dead: up to
-- 1,000 of the tenant, oldest first. What a sink is still owed anyway is left as it is.
create or replace function ledger.redeliver_v1(
  p_tenant text, p_sink text, p_event_id text, p_principal text, p_actor text, p_reason text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  v_events bigint[];
begin
  if coalesce(p_reason, '') = '' or coalesce(p_principal, '') = '' then
    raise exception 'an action needs a person and a reason' using errcode = '22023';
  end if;
  if not exists (select from ledger.sink where name = p_sink) then
    return ledger.refusal('sink-unknown', 'there is no such sink');
  end if;
  if p_event_id is null then
    select array_agg(event) into v_events from (
      select event from ledger.delivery
       where tenant = p_tenant and sink = p_sink and dead_at is not null
       order by event limit 1000) as oldest;
  else
    -- One that is not handed on yet is owed to every sink.
    select array_agg(e.id) into v_events
      from ledger.outbox e join ledger.operation o on o.id = e.op
     where o.op_id = split_part(p_event_id, '.', 1) and o.tenant = p_tenant
       and e.seq = substring(p_event_id from '^[^.]+[.]([1-9][0-9]{0,8})$')::int
       and e.published_at is not null;
    if v_events is null then
      return ledger.refusal('event-unknown', 'there is no such event');
    end if;
  end if;
  with again as (
    insert into ledger.delivery as d (sink, event, op, seq, tenant, trace, next_attempt_at)
    select p_sink, id, op, seq, tenant, trace, v_now from ledger.outbox
     where id = any (v_events) order by id
    on conflict (sink, event) do update
       set attempts = 0, next_attempt_at = v_now, refused_since = null, reason = null,
           dead_at = null
     where d.dead_at is not null
    returning event
  ), noted as (
    insert into ledger.audit (op, tenant, trace, principal, actor, action, subject, detail, at)
    select o.id, o.tenant, o.trace, p_principal, p_actor, 'event.redeliver',
           o.op_id || '.' || e.seq, jsonb_build_object('sink', p_sink, 'reason', p_reason), v_now
      from again a join ledger.outbox e on e.id = a.event join ledger.operation o on o.id = e.op
    returning 1
  )
  select array_agg(event) into v_events from again;
  return jsonb_build_object('kind', 'redelivered',
    'events', coalesce(cardinality(v_events), 0));
end $$;

-- A person retires a sink: nobody is to take its events any more. Forgets what it is owed, up to
-- 10,000 at once so that it ends within a statement's time, and the sink with the last of it. While
-- a relay takes from it, it would only come back: it is refused.
create or replace function ledger.close_sink_v1(
  p_sink text, p_principal text, p_actor text, p_reason text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  v_leased_at timestamptz;
  v_events int;
  v_left boolean;
begin
  if coalesce(p_reason, '') = '' or coalesce(p_principal, '') = '' then
    raise exception 'an action needs a person and a reason' using errcode = '22023';
  end if;
  -- Waits for those who hand events on to it. One who begins to meanwhile fails, and begins again.
  select leased_at into v_leased_at from ledger.sink where name = p_sink for update;
  if not found then return ledger.refusal('sink-unknown', 'there is no such sink'); end if;
  if v_leased_at > v_now - interval '1 minute' then
    return ledger.refusal('invalid-state', 'a relay takes from it: take it out of EVENT_SINKS');
  end if;
  with forgotten as (
    delete from ledger.delivery where sink = p_sink and event in (
      select event from ledger.delivery where sink = p_sink order by event limit 10000)
    returning *
  ), noted as (
    insert into ledger.audit (op, tenant, trace, principal, actor, action, subject, detail, at)
    select o.id, o.tenant, o.trace, p_principal, p_actor, 'event.forget', o.op_id || '.' || f.seq,
           jsonb_build_object('sink', p_sink, 'reason', p_reason), v_now
      from forgotten f join ledger.operation o on o.id = f.op
  )
  select count(*) into v_events from forgotten;
  v_left := exists (select from ledger.delivery where sink = p_sink);
  if not v_left then delete from ledger.sink where name = p_sink; end if;
  return jsonb_build_object('kind', 'retired', 'events', v_events, 'left', v_left);
end $$;

revoke all on function ledger.open_sink_v1(text), ledger.lease_deliveries_v1(text, int, int),
  ledger.deliver_v1(text, jsonb), ledger.refuse_deliveries_v1(text, jsonb, bigint),
  ledger.redeliver_v1(text, text, text, text, text, text),
  ledger.close_sink_v1(text, text, text, text) from public;
grant select on ledger.sink, ledger.delivery to holdfast_worker, holdfast_reader;
grant execute on function ledger.open_sink_v1(text),
  ledger.lease_deliveries_v1(text, int, int), ledger.deliver_v1(text, jsonb),
  ledger.refuse_deliveries_v1(text, jsonb, bigint) to holdfast_worker;
-- The gateway's role speaks for the people.
grant execute on function ledger.redeliver_v1(text, text, text, text, text, text),
  ledger.close_sink_v1(text, text, text, text) to holdfast_reader;
