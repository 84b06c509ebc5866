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
