-- Why an account cannot be corrected by this much, or null. Its rows, and those of the outside
-- world, must be locked; an account of many slots is judged as a whole.
create or replace function ledger.correction_refusal(
  p_tenant text, p_account text, p_outside text, p_currency text, p_minor bigint
) returns jsonb
language sql volatile as $$
  select case
      when min(status) filter (where own) is null then
        ledger.refusal('account-unknown', 'there is no such account')
      when min(status) filter (where own) = 'closed' then
        ledger.refusal('account-closed', 'the account is closed')
      when min(currency) filter (where own) <> p_currency then
        ledger.refusal('currency-mismatch', 'the account holds another currency')
      when p_minor < 0 and sum(posted - held) filter (where own) + p_minor
             < min(-overdraft_limit) filter (where own) then
        ledger.refusal('insufficient-funds', 'less is available than was asked for')
      when max(abs(posted + case when own then p_minor else -p_minor end)) > 9007199254740991 then
        ledger.refusal('balance-limit-exceeded', 'the balance would pass 2^53 - 1')
    end
    from (select *, account_id = p_account and kind <> 'internal' as own from ledger.account
           where tenant = p_tenant and account_id in (p_account, p_outside)) as touched
$$;

-- Corrects a finding by hand: one person proposes; another, who asks for the same, carries it out,
-- which ends the finding. Another proposal takes the place of the first. A frozen account is
-- corrected too: two people decide, and not its owner.
--
-- The finding's row is the mutex, before the operation's: that has its id from the finding alone,
-- so that one seen again after it was forgotten is not corrected a second time. What is refused
-- writes nothing: it may be asked again.
create or replace function ledger.correct_finding_v1(p_envelope jsonb, p_reason text) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  p jsonb := p_envelope #> '{command,payload}';
  v_tenant text := p_envelope ->> 'tenant';
  v_person text := p_envelope ->> 'actor';
  v_asked jsonb := p || jsonb_build_object('tenant', v_tenant);
  v_outside text := '@funding:' || (p ->> 'currency');
  v_minor bigint := (p ->> 'amount')::bigint
    * case p ->> 'direction' when 'credit' then 1 when 'debit' then -1 end;
  v_now timestamptz := ledger.clock();
  v_word jsonb := jsonb_build_object('principal', v_person, 'reason', p_reason,
    'at', to_char(v_now at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'));
  v_said jsonb := jsonb_build_array(jsonb_build_object('principal', v_person));
  v_by jsonb := '[]';
  v_refusal jsonb;
  f ledger.finding;
  o ledger.operation;
begin
  if coalesce(p_reason, '') = '' or coalesce(v_person, '') = '' then
    raise exception 'an action needs a person and a reason' using errcode = '22023';
  end if;
  select * into f from ledger.finding
   where finding_id = p ->> 'finding' and coalesce(tenant, v_tenant) = v_tenant for update;
  if f.id is null then
    return ledger.refusal('finding-unknown', 'there is no such finding');
  end if;
  if f.correction - 'by' - 'opId' = v_asked then
    v_by := f.correction -> 'by';
  end if;
  if f.correction ? 'opId' and v_by @> v_said then
    return jsonb_build_object('kind', 'corrected', 'opId', f.correction -> 'opId');
  end if;
  if f.state <> 'open'
     or exists (select from ledger.operation where op_id = p_envelope ->> 'opId') then
    return ledger.refusal('invalid-state', 'the finding was dealt with');
  end if;
  if v_by @> v_said then
    return '{"kind": "proposed"}';
  end if;
  v_by := v_by || v_word;

  if jsonb_array_length(v_by) = 2 and exists (
    select from ledger.account where tenant = v_tenant and account_id = p ->> 'account'
       and currency = p ->> 'currency') then
    o.tenant := v_tenant;
    o.trace := p_envelope ->> 'trace';
    perform ledger.open_rows(o, v_outside, p ->> 'currency', 'internal', 8, null, 0);
  end if;
  perform 1 from ledger.account
    where tenant = v_tenant and account_id in (p ->> 'account', v_outside)
    order by id for no key update;
  v_refusal := ledger.correction_refusal(v_tenant, p ->> 'account', v_outside, p ->> 'currency',
    v_minor);
  if v_refusal is not null then return v_refusal; end if;

  if jsonb_array_length(v_by) = 2 then
    o := ledger.operation_locked(p_envelope);
    perform ledger.post(o, 'correct', jsonb_build_array(
      jsonb_build_object('account', (ledger.row_of(o, o.account)).id, 'posted', v_minor, 'held', 0),
      jsonb_build_object('account', (ledger.row_of(o, v_outside)).id, 'posted', -v_minor,
        'held', 0)));
    perform ledger.finish(o, 'correct', (p - 'amount') || jsonb_build_object('kind', 'settled',
      'minor', o.amount, 'byHand', true), 'COMPLETED', null, lower(o.domain) || '.settled');
    update ledger.finding
       set state = 'resolved', resolved_at = v_now, resolved_by = v_person, note = p_reason
     where id = f.id;
    v_asked := v_asked || jsonb_build_object('opId', o.op_id);
  end if;
  update ledger.finding set correction = v_asked || jsonb_build_object('by', v_by) where id = f.id;
  -- The correction names both people, each with a line; the operation that the finding is about
  -- names all who spoke.
  insert into ledger.audit (op, tenant, trace, principal, actor, action, subject, detail, at)
  select one.id, one.tenant, one.trace, word ->> 'principal', word ->> 'principal',
         case when o.id is null then 'finding.proposed' else 'finding.corrected' end, f.finding_id,
         v_asked - 'tenant' || jsonb_build_object('reason', word -> 'reason'),
         (word ->> 'at')::timestamptz
    from ledger.operation one, jsonb_array_elements(v_by) word where one.id in (o.id, f.op);
  if o.id is null then return '{"kind": "proposed"}'; end if;
  return jsonb_build_object('kind', 'corrected', 'opId', o.op_id);
end $$;

revoke all on function ledger.correction_refusal(text, text, text, text, bigint),
  ledger.correct_finding_v1(jsonb, text) from public;
-- The gateway's role speaks for the people, and here their word is all there is to carry out.
grant execute on function ledger.correct_finding_v1(jsonb, text) to holdfast_reader;
