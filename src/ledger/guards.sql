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
