-- Notes that the bytes of these uploads, which have ended, were cleared away.
create or replace function ledger.swept_uploads_v1(p_op_ids jsonb) returns int
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_count int;
begin
  update ledger.upload set swept_at = ledger.clock()
   where op in (select o.id from ledger.operation o
                 where o.op_id in (select jsonb_array_elements_text(p_op_ids)))
     and stage in ('COMMITTED', 'ABORTED', 'DELETED');
  get diagnostics v_count = row_count;
  return v_count;
end $$;

revoke all on function ledger.swept_uploads_v1(jsonb) from public;
grant execute on function ledger.swept_uploads_v1(jsonb) to holdfast_worker;
