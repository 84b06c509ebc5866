-- What must hold of uploads: a part of what must hold at every moment, by the same pages.
create or replace function ledger.upload_violations(
  p_tenant text, p_from bigint, p_to bigint, p_after bigint, p_grace interval
) returns table (name text, subject text)
language sql stable as $$
  with file as materialized (
    select u.*, o.op_id, o.state as op_state, o.phase, h.state as hold_state, h.captured,
           coalesce(p.n, 0) as kept_parts, coalesce(p.bytes, 0) as kept,
           coalesce(p.reach, 0) as reach
      from ledger.upload u join ledger.operation o on o.id = u.op
      left join ledger.hold h on h.op = u.op
      left join lateral (select count(*) as n, sum(size) as bytes, max(start + size) as reach
                           from ledger.upload_part where op = u.op) p on true
     where (p_tenant is null or o.tenant = p_tenant)
       and (p_from is null or o.id between p_from and p_to)
       and (p_after is null or o.id in (select op from ledger.outbox where id > p_after))
  )
  select 'upload-is-its-parts', op_id from file
   where (received, received, parts) is distinct from (kept, reach, kept_parts)
      or (stage not in ('CLAIMED', 'ABORTED') and received <> size)
  union all
  select 'upload-version-is-its-stage', op_id from file
   where version not between
     case stage when 'CLAIMED' then 1 when 'VERIFIED' then 3 when 'COMMITTED' then 4
                when 'DELETED' then 5 else 2 end
     and case stage when 'CLAIMED' then 1 when 'UPLOADED' then 2 when 'VERIFIED' then 3
                    when 'DELETED' then 5 else 4 end
  union all
  select 'published-file-is-settled', op_id from file
   where (stage in ('COMMITTED', 'DELETED')) <> (op_state = 'COMPLETED')
      or (stage in ('COMMITTED', 'DELETED')
          and (object_key is null or (hold_state, captured) is distinct from ('captured', size)))
  union all
  select 'aborted-upload-is-released', op_id from file
   where (stage = 'ABORTED') <> (op_state = 'FAILED')
      or (stage = 'ABORTED' and hold_state is distinct from 'released')
  union all
  select 'upload-ends-in-time', op_id from file
   where stage = 'CLAIMED' and expires_at < ledger.clock() - p_grace
     and phase is distinct from 'parked'
  union all
  select 'shared-object-is-one-content', f.op_id from file f join ledger.upload other
      on other.object_key = f.object_key and other.stage = 'COMMITTED'
   where f.stage = 'COMMITTED' and (other.tenant, other.sha256, other.size)
     is distinct from (f.tenant, f.sha256, f.size)
  union all
  select 'deleted-file-gave-its-bytes-back', f.op_id from file f
    left join ledger.operation d on d.id = f.deleted_by
   where f.stage = 'DELETED'
     and (d.event_type, d.state, d.amount)
       is distinct from ('FileDeletionRequested', 'COMPLETED', f.size)
  union all
  select 'deletion-deleted-a-file', d.op_id from ledger.operation d
   where d.event_type = 'FileDeletionRequested' and d.state = 'COMPLETED'
     and (p_tenant is null or d.tenant = p_tenant)
     and (p_from is null or d.id between p_from and p_to)
     and (p_after is null or d.id in (select op from ledger.outbox where id > p_after))
     and not exists (select from ledger.upload where deleted_by = d.id and stage = 'DELETED')
$$;

revoke all on function
  ledger.upload_violations(text, bigint, bigint, bigint, interval) from public;
