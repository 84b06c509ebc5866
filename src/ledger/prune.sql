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
