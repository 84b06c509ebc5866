-- What providers tell us by themselves. The gateway's role may call these and write nothing else.

-- A stored event as those who apply it need it, with its operation as that stands now, and with
-- what is known of the attempt that it is about.
create or replace function ledger.webhook_view(w ledger.webhook) returns jsonb
language sql stable as $$
  select jsonb_build_object('provider', w.provider, 'eventId', w.event_id, 'state', w.state,
    'evidence', w.evidence, 'op', (
      select jsonb_build_object('tenant', o.tenant, 'opId', o.op_id, 'trace', o.trace,
               'state', o.state, 'outcome', o.outcome, 'known', (
                 select a.outcome ->> 'kind' from ledger.attempt a where a.key = w.reference))
        from ledger.operation o where o.op_id = w.op_id))
$$;

-- Stores an event once and matches it to the operation whose attempt has its reference. A
-- repetition stores nothing: what counts is what came first.
create or replace function ledger.record_webhook_v1(
  p_provider text, p_event_id text, p_type text, p_reference text, p_evidence jsonb,
  p_happened_at bigint
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  w ledger.webhook;
  v_fresh boolean;
begin
  insert into ledger.webhook (
    provider, event_id, type, reference, evidence, happened_at, received_at, op_id, tenant)
  select p_provider, p_event_id, p_type, p_reference, p_evidence,
         to_timestamp(p_happened_at::numeric / 1000), ledger.clock(), o.op_id, o.tenant
    from (select) as always
    left join (ledger.attempt a join ledger.operation o on o.id = a.op) on a.key = p_reference
  on conflict (provider, event_id) do nothing;
  v_fresh := found;
  select * into w from ledger.webhook where provider = p_provider and event_id = p_event_id;
  return ledger.webhook_view(w) || jsonb_build_object('fresh', v_fresh);
end $$;

-- Says what became of an event; true when this is what decided it. What was applied stays so.
create or replace function ledger.webhook_applied_v1(
  p_provider text, p_event_id text, p_state text, p_reason text
) returns boolean
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  update ledger.webhook
     set state = p_state, reason = p_reason,
         applied_at = case p_state when 'applied' then ledger.clock() end
   where provider = p_provider and event_id = p_event_id and state = 'received';
  return found;
end $$;

-- The events that nobody has decided yet, in the order in which they came.
create or replace function ledger.waiting_webhooks_v1(p_limit int) returns jsonb
language sql stable security definer set search_path = ledger, pg_temp as $$
  select coalesce(jsonb_agg(ledger.webhook_view(w) order by w.id), '[]')
    from ledger.webhook w
   where w.id in (
     select id from ledger.webhook where state = 'received' order by id limit p_limit)
$$;

revoke all on function ledger.webhook_view(ledger.webhook),
  ledger.record_webhook_v1(text, text, text, text, jsonb, bigint),
  ledger.webhook_applied_v1(text, text, text, text),
  ledger.waiting_webhooks_v1(int) from public;
grant select on ledger.webhook to holdfast_worker, holdfast_reader;
-- To the worker too: a sweep there may apply what the gateway could not.
grant execute on function ledger.record_webhook_v1(text, text, text, text, jsonb, bigint),
  ledger.webhook_applied_v1(text, text, text, text),
  ledger.waiting_webhooks_v1(int) to holdfast_worker, holdfast_reader;
