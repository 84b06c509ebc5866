-- A second person's word is a row, and so is a payment that begins later. Older workers survive,
-- but ask nobody for approval: let them leave before the gateways are told APPROVAL_AMOUNT.
CREATE TABLE "ledger"."approval" (
	"op" bigint PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"verdict" text NOT NULL,
	"principal" text NOT NULL,
	"actor" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "approval_verdict" CHECK (verdict in ('approved', 'refused'))
);
--> statement-breakpoint
ALTER TABLE "ledger"."operation" ADD COLUMN "approval_above" bigint;--> statement-breakpoint
ALTER TABLE "ledger"."approval" ADD CONSTRAINT "approval_op_operation_id_fk" FOREIGN KEY ("op") REFERENCES "ledger"."operation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
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

-- What verbs of later steps share.

-- The first answer of a verb that holds, if it ran before: an operation that has ended answers with
-- its end. The run that held it knows best what it did since: to itself this is no repetition. The
-- customer may have chosen another method since then.
create or replace function ledger.held_before(o ledger.operation, p_envelope jsonb) returns jsonb
language sql stable as $$
  select case when answer ->> 'run' = p_envelope ->> 'run' then answer - 'replayed' else answer end
    from coalesce(ledger.key_refusal(o, p_envelope), o.outcome || '{"replayed": true}',
                  ledger.step_result(o.id, 'reserve') || coalesce((
                    select jsonb_build_object('method', result -> 'method')
                      from ledger.step where op = o.id and step = 'method'), '{}')) as answer
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

-- Writes the row of a payment that begins later, with nothing held: from its acceptance it is in
-- lists, and outlives the loss of the workflow that waits for its moment.
create or replace function ledger.schedule_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), o.outcome || '{"replayed": true}',
                             ledger.step_result(o.id, 'schedule'));
  v_scheduled jsonb := jsonb_build_object('kind', 'scheduled', 'opId', o.op_id);
begin
  if v_result is not null then return v_result; end if;
  -- Another run was further than that.
  if o.state <> 'PENDING' then return v_scheduled; end if;
  return ledger.finish(o, 'schedule', v_scheduled, 'PENDING', null, 'payment.scheduled');
end $$;

revoke all on function ledger.schedule_v1(jsonb) from public;
grant execute on function ledger.schedule_v1(jsonb) to holdfast_worker;

-- Lets the ledger move what a charge was to bring: the customer chose so while nothing had been
-- sent. From now on no evidence of a charge settles this hold. The key of the charge is spent.
create or replace function ledger.choose_method_v1(p_op_id text, p_method text) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := coalesce(ledger.step_result(o.id, 'method'), ledger.not_open(o));
begin
  if v_result is not null then return v_result; end if;
  update ledger.hold set method = p_method
   where op = o.id and state = 'held' and method = 'card' and captured = 0 and p_method = 'balance'
     and o.command #>> '{payload,capture}' = 'automatic'
     and not exists (select from ledger.attempt where op = o.id and outcome is not null);
  if not found then
    return jsonb_build_object('kind', 'conflict', 'reason', 'method-settled');
  end if;
  update ledger.attempt set outcome = '{"kind": "withdrawn"}' where op = o.id;
  return ledger.finish(o, 'method', jsonb_build_object('kind', 'chosen', 'opId', o.op_id,
    'method', p_method), 'IN_PROGRESS', 'held', 'payment.method-chosen');
end $$;

revoke all on function ledger.choose_method_v1(text, text) from public;
grant execute on function ledger.choose_method_v1(text, text) to holdfast_worker;

-- What a second person says of an operation that waits for one, with the audit line of it; the
-- first word stands. Locks the operation, as a verb does: it is theirs, or the end of the wait, and
-- never both.
create or replace function ledger.approve_v1(
  p_tenant text, p_op_id text, p_verdict text, p_principal text, p_actor text, p_reason text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation;
  a ledger.approval;
begin
  if coalesce(p_reason, '') = '' or coalesce(p_principal, '') = '' then
    raise exception 'an approval needs a person and a reason' using errcode = '22023';
  end if;
  select * into o from ledger.operation where tenant = p_tenant and op_id = p_op_id for update;
  if p_principal in (o.principal, o.actor) then
    return ledger.refusal('second-person-needed', 'who asked cannot approve it');
  end if;
  select * into a from ledger.approval where op = o.id;
  if a.op is null and o.phase is distinct from 'awaiting-approval'
     or (a.verdict, a.principal) <> (p_verdict, p_principal) then
    return ledger.refusal('invalid-state', 'it does not wait for this');
  end if;
  if a.op is null then
    insert into ledger.approval (op, tenant, trace, verdict, principal, actor, at)
    values (o.id, o.tenant, o.trace, p_verdict, p_principal, p_actor, ledger.clock());
    insert into ledger.audit (op, tenant, trace, principal, actor, action, subject, detail, at)
    values (o.id, o.tenant, o.trace, p_principal, p_actor, 'approval.' || p_verdict, o.op_id,
      jsonb_build_object('reason', p_reason), ledger.clock());
  end if;
  return jsonb_build_object('kind', 'decided', 'opId', o.op_id);
end $$;

-- Ends the wait for a second person with what that person said, else with the code given; without
-- either it waits on. What was said in time counts, however late the workflow hears of it.
create or replace function ledger.end_approval_v1(p_op_id text, p_code text) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := coalesce(ledger.step_result(o.id, 'approval'), ledger.not_open(o));
  v_verdict text := (select verdict from ledger.approval where op = o.id);
begin
  if v_result is not null then return v_result; end if;
  if v_verdict = 'approved' then
    return ledger.finish(o, 'approval', jsonb_build_object('kind', 'approved', 'opId', o.op_id),
      'IN_PROGRESS',
      case when exists (select from ledger.attempt where op = o.id) then 'charging' else 'held' end,
      lower(o.domain) || '.approved');
  end if;
  if v_verdict is null and p_code is null then return '{"kind": "waiting"}'; end if;
  return ledger.finish(o, 'approval', jsonb_build_object('kind', 'not-approved', 'opId', o.op_id,
    'code', coalesce('approval-' || v_verdict, p_code)), 'IN_PROGRESS', 'held',
    lower(o.domain) || '.not-approved');
end $$;

revoke all on function ledger.approve_v1(text, text, text, text, text, text),
  ledger.end_approval_v1(text, text) from public;
-- The gateway's role speaks for the people; what they said is carried out by the worker's.
grant execute on function ledger.approve_v1(text, text, text, text, text, text)
  to holdfast_reader;
grant execute on function ledger.end_approval_v1(text, text) to holdfast_worker;
grant select on ledger.approval to holdfast_worker, holdfast_reader;
