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
