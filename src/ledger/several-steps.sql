-- What operations of several steps share: their money is that of payments they start, which name
-- them as their parent, and of the refunds of those.

-- Writes the row. Met again, it tells whether it was turned back, so that a run that starts anew
-- does not go on with what another one gives back.
create or replace function ledger.accept_steps(p_envelope jsonb) returns jsonb
language plpgsql volatile as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), o.outcome || '{"replayed": true}',
    ledger.step_result(o.id, 'accept') || coalesce((
      select jsonb_build_object('returns', result -> 'code')
        from ledger.step where op = o.id and step = 'turn'), '{}'));
begin
  if v_result is not null then return v_result; end if;
  return ledger.finish(o, 'accept', jsonb_build_object('kind', 'accepted', 'opId', o.op_id,
    'since', (extract(epoch from o.accepted_at) * 1000)::bigint), 'IN_PROGRESS', null,
    lower(o.domain) || '.accepted');
end $$;

-- Decides that nothing more is done and what was done goes back. It is written before the first of
-- it goes back.
create or replace function ledger.turn_steps(p_op_id text, p_code text) returns jsonb
language plpgsql volatile as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := coalesce(ledger.step_result(o.id, 'turn'), ledger.not_open(o));
begin
  if v_result is not null then return v_result; end if;
  return ledger.finish(o, 'turn', jsonb_build_object('kind', 'turned', 'opId', o.op_id,
    'code', p_code), 'IN_PROGRESS', 'charging', lower(o.domain) || '.turned');
end $$;

-- What the payments of an operation took, less what went back.
create or replace function ledger.paid_for(o ledger.operation) returns bigint
language sql stable as $$
  select coalesce(sum(h.captured - coalesce((
           select sum(captured) from ledger.hold where parent = h.op), 0)), 0)::bigint
    from ledger.operation p join ledger.hold h on h.op = p.id
   where p.parent_op_id = o.op_id and p.domain = 'Payment'
$$;

-- The same, for the operation itself: asked before the first step that was to be paid for.
create or replace function ledger.paid_v1(p_op_id text) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  return jsonb_build_object('minor', ledger.paid_for(ledger.operation_known(p_op_id)));
end $$;

-- Ends the operation: done, when what it asked for is paid; refused, when it was turned and all
-- that its payments took is back.
create or replace function ledger.end_steps(p_op_id text) returns jsonb
language plpgsql volatile as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := coalesce(ledger.step_result(o.id, 'end'), ledger.not_open(o));
  v_turned jsonb := (select result from ledger.step where op = o.id and step = 'turn');
  v_paid bigint := ledger.paid_for(o);
begin
  if v_result is not null then return v_result; end if;
  if v_turned is null and v_paid <> coalesce(o.amount, 0) then
    return jsonb_build_object('kind', 'conflict', 'reason', 'not-paid');
  elsif v_turned is null then
    return ledger.finish(o, 'end', jsonb_build_object('kind', 'fulfilled', 'opId', o.op_id),
      'COMPLETED', null, lower(o.domain) || '.settled');
  elsif v_paid <> 0 then
    return jsonb_build_object('kind', 'conflict', 'reason', 'money-not-back');
  end if;
  return ledger.finish(o, 'end', ledger.refusal(v_turned ->> 'code', 'what was done went back'),
    'FAILED', null, lower(o.domain) || '.refused');
end $$;

revoke all on function ledger.accept_steps(jsonb), ledger.turn_steps(text, text),
  ledger.paid_for(ledger.operation), ledger.paid_v1(text), ledger.end_steps(text) from public;
grant execute on function ledger.paid_v1(text) to holdfast_worker;
