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
    parent_op_id, approval_above)
  values (
    p_envelope ->> 'opId', p_envelope ->> 'tenant', p_envelope ->> 'trace',
    p_envelope ->> 'principal', p_envelope ->> 'actor', c ->> 'domain', c ->> 'eventType',
    coalesce(c ->> 'bizKey', p_envelope ->> 'opId'), c ->> 'idemKey', p_envelope ->> 'fingerprint',
    p_envelope -> 'digests', c, decode(p_envelope ->> 'sealed', 'base64'),
    c #>> '{payload,account}', (c #>> '{payload,amount}')::bigint, c #>> '{payload,currency}',
    to_timestamp((p_envelope ->> 'acceptedAt')::numeric / 1000), ledger.clock(),
    -- What is to begin later has its budget from then on.
    to_timestamp((greatest((p_envelope ->> 'acceptedAt')::numeric,
        (c #>> '{payload,scheduledAt}')::numeric)
      + (p_envelope ->> 'timeBudgetMs')::numeric) / 1000),
    p_envelope ->> 'parentOpId', (p_envelope ->> 'approvalAbove')::bigint)
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
