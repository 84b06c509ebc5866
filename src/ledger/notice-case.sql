-- What one person does about a case. A notice that no channel delivered holds no money: one person
-- is enough to give it up, or to have it sent again, also where that may be a second time. Its
-- workflow is told, and the case ends with it.
create or replace function ledger.case_act_v2(
  p_tenant text, p_case_id text, p_action text, p_principal text, p_actor text, p_reason text,
  p_charge_id text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation;
  v_kind text := case p_action when 'accept' then 'given-up' else 'again' end;
begin
  if p_action in ('accept', 'retry') and p_reason <> '' and p_principal <> '' then
    select w.* into o from ledger.case c join ledger.operation w on w.id = c.op
     where c.tenant = p_tenant and c.case_id = p_case_id and c.kind = 'parked'
       and c.state <> 'ended' and w.domain = 'Notification' and w.tenant = p_tenant;
  end if;
  if o.id is null then
    return ledger.case_act_v1(p_tenant, p_case_id, p_action, p_principal, p_actor, p_reason,
      p_charge_id);
  end if;
  insert into ledger.audit (op, tenant, trace, principal, actor, action, subject, detail, at)
  values (o.id, o.tenant, o.trace, p_principal, p_actor, 'case.' || p_action, p_case_id,
    jsonb_build_object('kind', v_kind, 'opId', o.op_id, 'reason', p_reason), ledger.clock());
  return jsonb_build_object('kind', v_kind, 'opId', o.op_id);
end $$;

revoke all on function ledger.case_act_v2(text, text, text, text, text, text, text) from public;
grant execute on function ledger.case_act_v2(text, text, text, text, text, text, text)
  to holdfast_reader;
