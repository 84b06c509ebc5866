-- What reconciliation saw. A finding moves no money and decides nothing; what people book for it is
-- in correct-finding.sql.

-- Writes what a sweep saw of the subjects that it looked at: what it saw before is moved on, what
-- it sees no more is resolved, and what a person accepted stays so. Gives those that now want an
-- alert: nobody can explain them, two sweeps saw them, and they last; each is given once.
create or replace function ledger.see_findings_v1(
  p_sweep text, p_looked jsonb, p_seen jsonb, p_sustained_ms int
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  v_alerts jsonb;
begin
  insert into ledger.finding as f (finding_id, tenant, kind, subject, op, reference, evidence,
    explained, reason, first_seen, last_seen, sweep)
  select 'finding_' || md5(s.kind || '|' || s.subject), coalesce(o.tenant, s.tenant), s.kind,
         s.subject, o.id, s.reference, s.evidence, s.reason is not null, s.reason, v_now, v_now,
         p_sweep
    from jsonb_to_recordset(p_seen) as s(tenant text, kind text, subject text, "opId" text,
           reference text, evidence jsonb, reason text)
    left join ledger.operation o on o.op_id = s."opId"
   order by s.kind, s.subject
  on conflict (kind, subject) do update
    set evidence = excluded.evidence, explained = excluded.explained, reason = excluded.reason,
        last_seen = v_now, sweep = p_sweep,
        times = case when f.resolved_by = 'reconciler' then 1
                     when f.sweep = p_sweep then f.times else f.times + 1 end,
        first_seen = case f.resolved_by when 'reconciler' then v_now else f.first_seen end,
        alerted_at = case f.resolved_by when 'reconciler' then null else f.alerted_at end,
        state = case f.resolved_by when 'reconciler' then 'open' else f.state end,
        resolved_at = case f.resolved_by when 'reconciler' then null else f.resolved_at end,
        resolved_by = case f.resolved_by when 'reconciler' then null else f.resolved_by end,
        correction = case f.resolved_by when 'reconciler' then null else f.correction end;
  update ledger.finding f
     set state = 'resolved', resolved_at = v_now, resolved_by = 'reconciler'
   where f.state = 'open'
     and f.subject in (select value from jsonb_array_elements_text(p_looked))
     and not exists (select from jsonb_to_recordset(p_seen) as s(kind text, subject text)
                      where (s.kind, s.subject) = (f.kind, f.subject));
  with alerted as (
    update ledger.finding f set alerted_at = v_now
     where f.state = 'open' and not f.explained and f.alerted_at is null and f.times >= 2
       and f.first_seen <= v_now - p_sustained_ms * interval '1 millisecond'
       and f.subject in (select value from jsonb_array_elements_text(p_looked))
    returning f.finding_id, f.kind, f.subject, f.tenant
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', finding_id, 'kind', kind, 'subject', subject,
    'tenant', tenant)), '[]') into v_alerts from alerted;
  return v_alerts;
end $$;

-- Writes that a person accepts a finding, and why. Accepted twice, the first word counts.
create or replace function ledger.accept_finding_v1(
  p_tenant text, p_finding_id text, p_principal text, p_actor text, p_note text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  f ledger.finding;
begin
  update ledger.finding
     set state = 'resolved', resolved_at = ledger.clock(), resolved_by = p_principal,
         note = p_note
   where finding_id = p_finding_id and coalesce(tenant, p_tenant) = p_tenant and state = 'open'
  returning * into f;
  if f.id is null then
    return ledger.refusal(case when exists (
      select from ledger.finding
       where finding_id = p_finding_id and coalesce(tenant, p_tenant) = p_tenant)
      then 'invalid-state' else 'finding-unknown' end, 'there is no such open finding');
  end if;
  insert into ledger.audit (op, tenant, trace, principal, actor, action, subject, detail, at)
  select o.id, o.tenant, o.trace, p_principal, p_actor, 'finding.accepted', f.finding_id,
         jsonb_build_object('kind', f.kind, 'reason', p_note), f.resolved_at
    from ledger.operation o where o.id = f.op;
  return jsonb_build_object('kind', 'accepted');
end $$;

-- Keeps how far the charges of a provider were compared.
create or replace function ledger.move_cursor_v1(p_provider text, p_cursor text) returns void
language sql volatile security definer set search_path = ledger, pg_temp as $$
  insert into ledger.provider_cursor (provider, cursor, moved_at)
  values (p_provider, p_cursor, ledger.clock())
  on conflict (provider) do update set cursor = excluded.cursor, moved_at = excluded.moved_at
$$;

revoke all on function ledger.see_findings_v1(text, jsonb, jsonb, int),
  ledger.accept_finding_v1(text, text, text, text, text),
  ledger.move_cursor_v1(text, text) from public;
grant select on ledger.finding to holdfast_worker, holdfast_reader;
grant select on ledger.provider_cursor to holdfast_worker, holdfast_reader;
grant execute on function ledger.see_findings_v1(text, jsonb, jsonb, int),
  ledger.move_cursor_v1(text, text) to holdfast_worker;
-- The gateway's role speaks for the people.
grant execute on function ledger.accept_finding_v1(text, text, text, text, text)
  to holdfast_reader;
