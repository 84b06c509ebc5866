-- The verbs of the ledger, their guards and their roles. The first migration: no older workers.

-- What every verb is built from. Locks are always taken in this order: the operation's row, then
-- account rows by id. Time comes from ledger.clock() alone, which tests may replace.

create or replace function ledger.clock() returns timestamptz
language sql volatile as $$ select clock_timestamp() $$;

-- The operation's row, made when this is its first step, and locked: it is the operation's mutex.
create or replace function ledger.operation_locked(p_envelope jsonb) returns ledger.operation
language plpgsql volatile as $$
declare
  o ledger.operation;
  c jsonb := p_envelope -> 'command';
begin
  insert into ledger.operation (
    op_id, tenant, trace, principal, actor, domain, event_type, biz_key, idem_key, fingerprint,
    digests, command, sealed, account, amount, currency, accepted_at, updated_at, budget_ends_at,
    parent_op_id)
  values (
    p_envelope ->> 'opId', p_envelope ->> 'tenant', p_envelope ->> 'trace',
    p_envelope ->> 'principal', p_envelope ->> 'actor', c ->> 'domain', c ->> 'eventType',
    coalesce(c ->> 'bizKey', p_envelope ->> 'opId'), c ->> 'idemKey', p_envelope ->> 'fingerprint',
    p_envelope -> 'digests', c, decode(p_envelope ->> 'sealed', 'base64'),
    c #>> '{payload,account}', (c #>> '{payload,amount}')::bigint, c #>> '{payload,currency}',
    to_timestamp((p_envelope ->> 'acceptedAt')::numeric / 1000), ledger.clock(),
    to_timestamp(((p_envelope ->> 'acceptedAt')::numeric
      + (p_envelope ->> 'timeBudgetMs')::numeric) / 1000),
    p_envelope ->> 'parentOpId')
  on conflict do nothing;
  select * into o from ledger.operation where op_id = p_envelope ->> 'opId' for update;
  return o;
end $$;

-- A refusal, as a value.
create or replace function ledger.refusal(p_code text, p_message text) returns jsonb
language sql immutable as $$
  select jsonb_build_object('kind', 'fail', 'code', p_code, 'message', p_message)
$$;

-- The refusal of an envelope whose operation was made by another command; null when it fits.
create or replace function ledger.key_refusal(o ledger.operation, p_envelope jsonb) returns jsonb
language sql immutable as $$
  select case when o.fingerprint <> p_envelope ->> 'fingerprint' then
    ledger.refusal('idempotency-key-reused', 'this key made another operation') end
$$;

-- The first answer of a step, marked as a repetition; null when it has not run.
create or replace function ledger.step_result(p_op bigint, p_step text) returns jsonb
language sql stable as $$
  select result || '{"replayed": true}' from ledger.step where op = p_op and step = p_step
$$;

-- Stores a step's first answer with the state it leads to, its event and its audit line.
create or replace function ledger.finish(
  o ledger.operation, p_step text, p_result jsonb, p_state text, p_phase text, p_event text
) returns jsonb
language plpgsql volatile as $$
declare
  v_now timestamptz := ledger.clock();
  v_state text := case when o.state in ('COMPLETED', 'FAILED') then o.state else p_state end;
begin
  insert into ledger.step (op, step, tenant, trace, result, at)
  values (o.id, p_step, o.tenant, o.trace, p_result, v_now);
  if o.state not in ('COMPLETED', 'FAILED') then
    update ledger.operation
       set state = p_state, phase = p_phase, seq = o.seq + 1, updated_at = v_now,
           outcome = case p_state when 'COMPLETED' then p_result
                                  when 'FAILED' then p_result || '{"kind": "fail"}' end
     where id = o.id;
    insert into ledger.outbox (op, seq, tenant, trace, type, subject, data, at)
    values (o.id, o.seq + 1, o.tenant, o.trace, p_event, o.op_id,
            p_result || jsonb_build_object('bizKey', o.biz_key, 'account', o.account), v_now);
  end if;
  insert into ledger.audit (op, tenant, trace, principal, actor, action, subject, detail, at)
  values (o.id, o.tenant, o.trace, o.principal, o.actor, p_event, o.op_id,
          p_result || jsonb_build_object('state', v_state), v_now);
  return p_result;
end $$;

-- One link of an account's hash chain: SHA-256 over the link before and the entry's own facts.
create or replace function ledger.link(
  p_before bytea, p_account bigint, p_version bigint, p_op_id text, p_step text, p_posted bigint,
  p_held bigint, p_posted_after bigint, p_held_after bigint, p_at timestamptz
) returns bytea
language sql immutable as $$
  select sha256(p_before || convert_to(concat_ws('|', p_account, p_version, p_op_id, p_step,
    p_posted, p_held, p_posted_after, p_held_after,
    (extract(epoch from p_at) * 1000000)::bigint), 'UTF8'))
$$;

-- Moves balances and writes an entry for each: one statement, so that the zero-sum guard sees all
-- legs of the step. The rows must be locked. A leg is { account, posted, held }.
create or replace function ledger.post(o ledger.operation, p_step text, p_legs jsonb) returns void
language sql volatile as $$
  with leg as (
    select a.id, l.posted, l.held,
           greatest(ledger.clock(), a.changed_at + interval '1 microsecond') as at
      from jsonb_to_recordset(p_legs) as l(account bigint, posted bigint, held bigint)
      join ledger.account a on a.id = l.account
  ), moved as (
    update ledger.account a
       set posted = a.posted + leg.posted, held = a.held + leg.held, version = a.version + 1,
           changed_at = leg.at,
           chain = ledger.link(a.chain, a.id, a.version + 1, o.op_id, p_step, leg.posted, leg.held,
                               a.posted + leg.posted, a.held + leg.held, leg.at)
      from leg where a.id = leg.id
    returning a.id, a.version, a.currency, a.posted as posted_after, a.held as held_after,
              a.changed_at, a.chain, leg.posted as posted_delta, leg.held as held_delta
  )
  insert into ledger.entry (
    account, version, tenant, trace, op, step, currency, posted_delta, held_delta, posted_after,
    held_after, recorded_at, happened_at, hash)
  select id, version, o.tenant, o.trace, o.id, p_step, currency, posted_delta, held_delta,
         posted_after, held_after, changed_at, changed_at, chain
    from moved
$$;

-- Opens the rows of an account; false, and nothing done, when its id is taken. Slot 0 decides, so
-- that two who open it at once with other slots do not each get some.
create or replace function ledger.open_rows(
  o ledger.operation, p_account text, p_currency text, p_kind text, p_slots int, p_owner text,
  p_overdraft bigint
) returns boolean
language plpgsql volatile as $$
declare
  n int;
begin
  for n in 0 .. p_slots - 1 loop
    insert into ledger.account (
      tenant, trace, account_id, slot, slots, currency, kind, owner, overdraft_limit, changed_at,
      chain)
    values (
      o.tenant, o.trace, p_account, n, p_slots, p_currency, p_kind, p_owner, p_overdraft,
      ledger.clock(), sha256(convert_to(concat_ws('|', o.tenant, p_account, n), 'UTF8')))
    on conflict do nothing;
    if not found then return false; end if;
  end loop;
  return true;
end $$;

-- The row of an account that this operation uses: slots share the load by operation.
create or replace function ledger.row_of(o ledger.operation, p_account text) returns ledger.account
language sql stable as $$
  select a from ledger.account a
   where a.tenant = o.tenant and a.account_id = p_account and a.slot = o.id % a.slots
$$;

-- The zero-sum guard: what one statement writes for a step and a currency sums to zero.
create or replace function ledger.entries_balance() returns trigger
language plpgsql as $$
begin
  if exists (select from written group by op, step, currency having sum(posted_delta) <> 0)
     or exists (select from written group by op, step having count(distinct currency) > 1) then
    raise exception 'entries of a step do not sum to zero' using errcode = '23514';
  end if;
  return null;
end $$;

-- Nothing leaves a final state, and a finished operation is never rewritten.
create or replace function ledger.final_is_final() returns trigger
language plpgsql as $$
begin
  if old.state in ('COMPLETED', 'FAILED')
     and (new.state, new.outcome, new.command, new.fingerprint)
         is distinct from (old.state, old.outcome, old.command, old.fingerprint) then
    raise exception 'operation % is final', old.op_id using errcode = '23514';
  end if;
  return new;
end $$;

-- Captured or released money stays so.
create or replace function ledger.closed_hold_stays() returns trigger
language plpgsql as $$
begin
  if old.state <> 'held' then
    raise exception 'hold of operation % is closed', old.op using errcode = '23514';
  end if;
  return new;
end $$;

-- History is only ever added to.
create or replace function ledger.append_only() returns trigger
language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = '23514';
end $$;

-- Opens an account, or says that its id is taken. Its first entry is version 1, of zero.
create or replace function ledger.open_account_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  p jsonb := o.command -> 'payload';
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), ledger.step_result(o.id, 'open'));
begin
  if v_result is not null then return v_result; end if;
  if not ledger.open_rows(o, p ->> 'account', p ->> 'currency', p ->> 'kind',
      (p ->> 'slots')::int, p ->> 'owner', (p ->> 'overdraftLimit')::bigint) then
    return ledger.finish(o, 'open',
      ledger.refusal('account-exists', 'an account with this id exists'),
      'FAILED', null, 'account.refused');
  end if;
  perform ledger.post(o, 'open', (
    select jsonb_agg(jsonb_build_object('account', id, 'posted', 0, 'held', 0))
      from ledger.account where tenant = o.tenant and account_id = p ->> 'account'));
  return ledger.finish(o, 'open', jsonb_build_object('kind', 'opened', 'account', p ->> 'account'),
    'COMPLETED', null, 'account.opened');
end $$;

-- Brings money into an account from the tenant's funding account, which is internal and goes
-- below zero by all that ever came in.
create or replace function ledger.fund_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), ledger.step_result(o.id, 'fund'));
  v_source text := '@funding:' || o.currency;
  a ledger.account;
  s ledger.account;
begin
  if v_result is not null then return v_result; end if;
  a := ledger.row_of(o, o.account);
  if a.id is not null and a.currency = o.currency then
    perform ledger.open_rows(o, v_source, o.currency, 'internal', 8, null, 0);
    s := ledger.row_of(o, v_source);
    perform 1 from ledger.account where id in (a.id, s.id) order by id for no key update;
    select * into a from ledger.account where id = a.id;
    select * into s from ledger.account where id = s.id;
  end if;
  v_result := case
    when a.id is null then ledger.refusal('account-unknown', 'there is no such account')
    when a.status = 'closed' then ledger.refusal('account-closed', 'the account is closed')
    when a.currency <> o.currency then
      ledger.refusal('currency-mismatch', 'the account holds another currency')
    when greatest(a.posted, -s.posted) + o.amount > 9007199254740991 then
      ledger.refusal('balance-limit-exceeded', 'the balance would pass 2^53 - 1')
  end;
  if v_result is not null then
    return ledger.finish(o, 'fund', v_result, 'FAILED', null, 'account.refused');
  end if;
  perform ledger.post(o, 'fund', jsonb_build_array(
    jsonb_build_object('account', a.id, 'posted', o.amount, 'held', 0),
    jsonb_build_object('account', s.id, 'posted', -o.amount, 'held', 0)));
  return ledger.finish(o, 'fund', jsonb_build_object('kind', 'funded', 'account', o.account,
    'minor', o.amount, 'currency', o.currency), 'COMPLETED', null, 'account.funded');
end $$;

-- Freezes, closes or reopens an account or changes its overdraft limit, if nobody changed it since
-- the editor saw it: the version compares, 0 rows is a lost race.
create or replace function ledger.edit_account_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  p jsonb := o.command -> 'payload';
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), ledger.step_result(o.id, 'edit'));
  v_count int;
  v_version bigint;
  v_available bigint;
begin
  if v_result is not null then return v_result; end if;
  perform 1 from ledger.account where tenant = o.tenant and account_id = o.account
    order by id for no key update;
  select count(*), sum(version), sum(posted - held) into v_count, v_version, v_available
    from ledger.account where tenant = o.tenant and account_id = o.account;
  v_result := case
    when v_count = 0 then ledger.refusal('account-unknown', 'there is no such account')
    when v_version <> (p ->> 'version')::bigint then
      ledger.refusal('stale-version', 'the account changed since it was read')
    when v_available < -(p ->> 'overdraftLimit')::bigint then
      ledger.refusal('overdraft-limit-too-low', 'the account is already further below zero')
  end;
  if v_result is not null then
    return ledger.finish(o, 'edit', v_result, 'FAILED', null, 'account.refused');
  end if;
  update ledger.account
     set status = coalesce(p ->> 'status', status),
         overdraft_limit = coalesce((p ->> 'overdraftLimit')::bigint, overdraft_limit)
   where tenant = o.tenant and account_id = o.account;
  perform ledger.post(o, 'edit', (
    select jsonb_agg(jsonb_build_object('account', id, 'posted', 0, 'held', 0))
      from ledger.account where tenant = o.tenant and account_id = o.account and slot = 0));
  return ledger.finish(o, 'edit', jsonb_build_object('kind', 'edited', 'account', o.account,
    'version', v_version + 1), 'COMPLETED', null, 'account.edited');
end $$;

-- Sets money aside for one operation and writes its first attempt, or says why it cannot. An
-- operation that has ended answers with its end: a hold that was met again must not lead on to a
-- charge, when Temporal and the provider have long forgotten the first.
create or replace function ledger.hold_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  p jsonb := o.command -> 'payload';
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), o.outcome || '{"replayed": true}',
                             ledger.step_result(o.id, 'reserve'));
  v_charged boolean := p ->> 'method' <> 'balance';
  v_reference text := o.op_id || ':charge.1:1';
  v_payee_id text;
  v_available bigint;
  a ledger.account;
  b ledger.account;
begin
  -- The run that held it knows best what it did since: to itself this is no repetition.
  if v_result ->> 'run' = p_envelope ->> 'run' then v_result := v_result - 'replayed'; end if;
  if v_result is not null then return v_result; end if;
  if ledger.clock() > o.budget_ends_at then
    v_result := ledger.refusal('time-budget-exceeded', 'too late to begin');
  else
    v_payee_id := ledger.payee_of(o, p ->> 'payTo');
    -- An account of many slots is judged as a whole, so its holds take every row.
    -- The payee is only read: its row would be the one that every payment queues on.
    perform 1 from ledger.account where tenant = o.tenant and account_id = o.account
      order by id for no key update;
    a := ledger.row_of(o, o.account);
    b := ledger.row_of(o, v_payee_id);
    select sum(posted - held) into v_available
      from ledger.account where tenant = o.tenant and account_id = o.account;
    v_result := case
      when a.id is null or b.id is null then
        ledger.refusal('account-unknown', 'there is no such account')
      when a.account_id = b.account_id then
        ledger.refusal('same-account', 'an account cannot pay itself')
      when a.status = 'closed' or b.status = 'closed' then
        ledger.refusal('account-closed', 'the account is closed')
      when a.status = 'frozen' then ledger.refusal('account-frozen', 'the account is frozen')
      when o.currency <> a.currency or o.currency <> b.currency then
        ledger.refusal('currency-mismatch', 'the account holds another currency')
      when v_available - o.amount < -a.overdraft_limit then
        ledger.refusal('insufficient-funds', 'less is available than was asked for')
      when b.posted + o.amount > 9007199254740991 then
        ledger.refusal('balance-limit-exceeded', 'the payee''s balance would pass 2^53 - 1')
    end;
  end if;
  if v_result is not null then
    return ledger.finish(o, 'reserve', v_result, 'FAILED', null, 'payment.refused');
  end if;
  perform ledger.post(o, 'reserve', jsonb_build_array(
    jsonb_build_object('account', a.id, 'posted', 0, 'held', o.amount)));
  insert into ledger.hold (op, tenant, trace, account, payee, method, currency, amount, state)
  values (o.id, o.tenant, o.trace, a.id, b.id, p ->> 'method', o.currency, o.amount, 'held');
  if v_charged then
    insert into ledger.attempt (op, step, n, tenant, trace, key, sent_at)
    values (o.id, 'charge.1', 1, o.tenant, o.trace, v_reference, ledger.clock());
  end if;
  v_result := jsonb_strip_nulls(jsonb_build_object('kind', 'held', 'opId', o.op_id,
    'account', a.account_id, 'payee', b.account_id, 'minor', o.amount, 'currency', o.currency,
    'reference', v_reference, 'run', p_envelope ->> 'run',
    'heldAt', (extract(epoch from ledger.clock()) * 1000)::bigint));
  return ledger.finish(o, 'reserve', v_result, 'IN_PROGRESS',
    case when v_charged then 'charging' else 'held' end, 'hold.held');
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

-- Says where inside an operation stands: in doubt, or parked for a person. `p_step` names the
-- change, so that a repetition, however late, changes nothing.
create or replace function ledger.note_phase_v1(
  p_op_id text, p_step text, p_phase text, p_detail jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation;
  v_result jsonb;
begin
  select * into o from ledger.operation where op_id = p_op_id for update;
  v_result := ledger.step_result(o.id, p_step);
  if v_result is not null then return v_result; end if;
  if o.state is distinct from 'IN_PROGRESS' then
    return jsonb_build_object('kind', 'conflict',
      'reason', 'operation-' || coalesce(o.state, 'missing'));
  end if;
  return ledger.finish(o, p_step, jsonb_build_object('kind', 'noted', 'phase', p_phase)
    || jsonb_build_object('detail', p_detail), 'IN_PROGRESS', p_phase,
    lower(o.domain) || '.' || p_phase);
end $$;

-- The balance at a past moment, exact and repeatable: it waits for writers that hold the account,
-- so that no entry can come later with an earlier time. Null when the account was not open then.
create or replace function ledger.balance_at_v1(
  p_tenant text, p_account text, p_at timestamptz
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_result jsonb;
begin
  if p_at > ledger.clock() then
    return '{"kind": "future"}';
  end if;
  perform 1 from ledger.account where tenant = p_tenant and account_id = p_account
    order by id for share;
  select jsonb_build_object('kind', 'balance', 'currency', min(e.currency),
           'posted', sum(e.posted_after), 'held', sum(e.held_after),
           'available', sum(e.posted_after - e.held_after), 'version', sum(e.version))
    into v_result
    from ledger.account a
    cross join lateral (
      select * from ledger.entry x where x.account = a.id and x.recorded_at <= p_at
       order by x.version desc limit 1) e
   where a.tenant = p_tenant and a.account_id = p_account
  having count(*) > 0;
  return v_result;
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
           coalesce(sum(e.posted_delta) filter (where e.step = 'settle' and e.posted_delta > 0), 0)
             as received,
           coalesce(sum(e.posted_delta) filter (where e.step like 'refund%'), 0) as refunded,
           coalesce(-sum(e.posted_delta) filter (where e.step = 'settle' and e.posted_delta < 0), 0)
             as settled,
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

-- The rules once more, as triggers, and who may do what.
create trigger entries_balance after insert on ledger.entry
  referencing new table as written
  for each statement execute function ledger.entries_balance();
create trigger final_is_final before update on ledger.operation
  for each row execute function ledger.final_is_final();
create trigger closed_hold_stays before update on ledger.hold
  for each row execute function ledger.closed_hold_stays();
create trigger append_only before update or delete on ledger.entry
  for each row execute function ledger.append_only();
create trigger append_only before update or delete on ledger.step
  for each row execute function ledger.append_only();
create trigger append_only before update or delete on ledger.audit
  for each row execute function ledger.append_only();

-- Roles belong to the cluster: another database may have made them already, even at this moment.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['holdfast_worker', 'holdfast_reader'] loop
    begin
      execute format('create role %I nologin', v_role);
    exception when duplicate_object or unique_violation then null;
    end;
  end loop;
end $$;

revoke all on all functions in schema ledger from public;
grant usage on schema ledger to holdfast_worker, holdfast_reader;
grant select on all tables in schema ledger to holdfast_worker, holdfast_reader;
grant execute on function ledger.clock(), ledger.balance_at_v1(text, text, timestamptz),
  ledger.balance_check_v1(text) to holdfast_worker, holdfast_reader;
grant execute on function ledger.open_account_v1(jsonb), ledger.fund_v1(jsonb),
  ledger.edit_account_v1(jsonb), ledger.hold_v1(jsonb), ledger.settle_v1(text, jsonb),
  ledger.release_v1(jsonb, jsonb), ledger.note_phase_v1(text, text, text, jsonb)
  to holdfast_worker;
