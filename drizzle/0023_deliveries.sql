-- Each sink is owed its own deliveries, and cases are told of. Older workers survive; stop older
-- relays first: what they hand on reaches the log alone.
CREATE TABLE "ledger"."delivery" (
	"sink" text NOT NULL,
	"event" bigint NOT NULL,
	"op" bigint NOT NULL,
	"seq" integer NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp with time zone NOT NULL,
	"refused_since" timestamp with time zone,
	"reason" text,
	"dead_at" timestamp with time zone,
	CONSTRAINT "delivery_sink_event_pk" PRIMARY KEY("sink","event"),
	CONSTRAINT "delivery_reason" CHECK (dead_at is null or (reason is not null and attempts > 0))
);
--> statement-breakpoint
CREATE TABLE "ledger"."sink" (
	"name" text PRIMARY KEY NOT NULL,
	"since" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "ledger"."delivery" ADD CONSTRAINT "delivery_sink_sink_name_fk" FOREIGN KEY ("sink") REFERENCES "ledger"."sink"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."delivery" ADD CONSTRAINT "delivery_of_event" FOREIGN KEY ("op","seq") REFERENCES "ledger"."outbox"("op","seq") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "delivery_due" ON "ledger"."delivery" USING btree ("sink","next_attempt_at","event") WHERE dead_at is null;--> statement-breakpoint
CREATE INDEX "delivery_order" ON "ledger"."delivery" USING btree ("op","seq");--> statement-breakpoint
CREATE INDEX "delivery_dead" ON "ledger"."delivery" USING btree ("tenant","event") WHERE dead_at is not null;
--> statement-breakpoint
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

revoke all on function ledger.open_sink_v1(text), ledger.lease_deliveries_v1(text, int, int),
  ledger.deliver_v1(text, jsonb), ledger.refuse_deliveries_v1(text, jsonb, bigint),
  ledger.redeliver_v1(text, text, text, text, text, text) from public;
grant select on ledger.sink, ledger.delivery to holdfast_worker, holdfast_reader;
grant execute on function ledger.open_sink_v1(text),
  ledger.lease_deliveries_v1(text, int, int), ledger.deliver_v1(text, jsonb),
  ledger.refuse_deliveries_v1(text, jsonb, bigint) to holdfast_worker;
-- The gateway's role speaks for the people.
grant execute on function ledger.redeliver_v1(text, text, text, text, text, text)
  to holdfast_reader;

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

-- Forgets what nobody asks for any more, so many rows of each kind at most: events that left,
-- webhooks that were decided, findings that are resolved. What waits for somebody stays, and so do
-- operations, entries, steps and audit, for ever. The events of an operation stay while it is open,
-- and from the first on that a sink is owed or did not take, so that there is never a gap in them.
create or replace function ledger.prune_v1(p_older_than interval, p_limit int) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_before timestamptz := ledger.clock() - p_older_than;
  v_events int;
  v_webhooks int;
  v_findings int;
begin
  delete from ledger.outbox where id in (
    select e.id from ledger.outbox e
      -- However many stay, it looks at no more than it has the time for.
      join (select id from ledger.outbox where published_at < v_before
             order by id limit 50 * p_limit) old on old.id = e.id
     where exists (select from ledger.operation o
                    where o.id = e.op and o.state in ('COMPLETED', 'FAILED'))
       and not exists (select from ledger.delivery d where d.op = e.op and d.seq <= e.seq)
     order by e.id limit p_limit for update of e skip locked);
  get diagnostics v_events = row_count;
  delete from ledger.webhook where id in (
    select id from ledger.webhook
     where state in ('applied', 'ignored') and received_at < v_before
     order by id limit p_limit for update skip locked);
  get diagnostics v_webhooks = row_count;
  delete from ledger.finding where id in (
    select id from ledger.finding
     where state = 'resolved' and greatest(resolved_at, last_seen) < v_before
     order by id limit p_limit for update skip locked);
  get diagnostics v_findings = row_count;
  return jsonb_build_object('events', v_events, 'webhooks', v_webhooks, 'findings', v_findings);
end $$;

revoke all on function ledger.prune_v1(interval, int) from public;
grant execute on function ledger.prune_v1(interval, int) to holdfast_worker;

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
  select 'by-hand-by-two', o.op_id from op o where o.outcome ->> 'byHand' = 'true'
     and 2 > (select count(distinct a.principal) from ledger.audit a where a.op = o.id
       and a.action in ('case.release', 'case.settle'))
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
