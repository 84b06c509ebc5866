-- Begins, matches and ends a ride. Older workers survive: no verb that they call changed.

-- A ride before any money is held: its row, its match, and its end when nobody was found.

-- Opens a ride: writes its row and holds nothing, for nobody may have been found to drive it. Met
-- again, it tells of the match that was held before: another run need not be told it once more.
create or replace function ledger.request_ride_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), o.outcome || '{"replayed": true}',
    ledger.step_result(o.id, 'request') || coalesce((
      select jsonb_build_object('match', jsonb_strip_nulls(jsonb_build_object(
               'driver', result -> 'payee', 'destination', result -> 'destination')))
        from ledger.step where op = o.id and step = 'reserve'), '{}'));
  a ledger.account := ledger.row_of(o, o.account);
begin
  if v_result is not null then return v_result; end if;
  v_result := case
    when a.id is null then ledger.refusal('account-unknown', 'there is no such account')
    when a.status = 'closed' then ledger.refusal('account-closed', 'the account is closed')
    when a.status = 'frozen' then ledger.refusal('account-frozen', 'the account is frozen')
    when a.currency <> o.currency then
      ledger.refusal('currency-mismatch', 'the account holds another currency')
  end;
  if v_result is not null then
    return ledger.finish(o, 'request', v_result, 'FAILED', null, 'ride.refused');
  end if;
  return ledger.finish(o, 'request', jsonb_build_object('kind', 'requested', 'opId', o.op_id),
    'IN_PROGRESS', null, 'ride.requested');
end $$;

-- Sets the estimate aside on the rider for the driver who was found, or ends the ride with why it
-- cannot. It is held until the booking must be whole; what runs longer is extended.
create or replace function ledger.hold_ride_v1(p_envelope jsonb, p_match jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := ledger.held_before(o, p_envelope);
begin
  if v_result is not null then return v_result; end if;
  return ledger.set_aside(o, o.account, p_match ->> 'driver', o.amount, 'card', 'authorize.1',
    null, o.budget_ends_at,
    jsonb_build_object('run', p_envelope -> 'run', 'destination', p_match -> 'destination'));
end $$;

-- Ends a ride of which nothing is held. One with a hold ends by what becomes of the hold.
create or replace function ledger.end_ride_v1(p_op_id text, p_code text, p_message text)
returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := coalesce(ledger.step_result(o.id, 'end'), ledger.not_open(o));
begin
  if v_result is not null then return v_result; end if;
  if exists (select from ledger.hold where op = o.id) then
    return jsonb_build_object('kind', 'conflict', 'reason', 'hold-exists');
  end if;
  return ledger.finish(o, 'end', ledger.refusal(p_code, p_message), 'FAILED', null,
    'ride.refused');
end $$;

revoke all on all functions in schema ledger from public;
grant execute on function ledger.request_ride_v1(jsonb), ledger.hold_ride_v1(jsonb, jsonb),
  ledger.end_ride_v1(text, text, text) to holdfast_worker;
