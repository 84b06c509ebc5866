-- Volatile, to read what stands once the operation's row is locked. A capture is open until it is
-- settled, or the phase says that the hold waits again since it was refused; with a rest it is open
-- until the rest ends the operation.
create or replace function ledger.resumed(p_held jsonb) returns jsonb
language plpgsql volatile as $$
declare
  o ledger.operation;
  h ledger.hold;
  c record;
  v_acts int;
begin
  if p_held ->> 'kind' is distinct from 'held' or p_held -> 'replayed' is null then
    return p_held;
  end if;
  o := ledger.operation_known(p_held ->> 'opId');
  select * into h from ledger.hold where op = o.id;
  select max(split_part(step, '.', 2)::int) into v_acts
    from ledger.step where op = o.id and step ~ '^(capture|extend)[.][0-9]+$';
  if v_acts is null then return p_held; end if;
  select split_part(s.step, '.', 2)::int as n, s.result, a.key, a.sent_at, exists (
           select from ledger.step done
            where done.op = o.id and done.step = replace(s.step, 'capture', 'settle')) as settled
    into c
    from ledger.step s
    join lateral (
      select key, sent_at from ledger.attempt where op = s.op and step = s.step
       order by n desc limit 1) a on true
   where s.op = o.id and s.step ~ '^capture[.][0-9]+$'
   order by 1 desc limit 1;
  return p_held || jsonb_strip_nulls(jsonb_build_object(
    'expiresAt', (extract(epoch from h.expires_at) * 1000)::bigint,
    'resumes', jsonb_build_object('acts', v_acts, 'captured', h.captured, 'open', case
      when c.settled and c.result -> 'rest' is null then null
      when not c.settled and o.phase = 'held' then null
      when c.n is not null then jsonb_build_object('n', c.n, 'minor', c.result -> 'minor',
        'final', c.result -> 'final', 'rest', c.result -> 'rest', 'chargeId',
        c.result -> 'chargeId', 'reference', c.key,
        'sentAt', floor(extract(epoch from c.sent_at) * 1000)) end)));
end $$;

-- A hold that was met again goes on where the run before it stopped: how many captures and other
-- ends were begun, what is captured, and which capture is still open.
create or replace function ledger.hold_v3(p_envelope jsonb) returns jsonb
language sql volatile security definer set search_path = ledger, pg_temp as $$
  select ledger.resumed(ledger.hold_v2(p_envelope))
$$;

create or replace function ledger.hold_ride_v2(p_envelope jsonb, p_match jsonb) returns jsonb
language sql volatile security definer set search_path = ledger, pg_temp as $$
  select ledger.resumed(ledger.hold_ride_v1(p_envelope, p_match))
$$;

revoke all on function ledger.hold_v3(jsonb), ledger.hold_ride_v2(jsonb, jsonb),
  ledger.resumed(jsonb) from public;
grant execute on function ledger.hold_v3(jsonb), ledger.hold_ride_v2(jsonb, jsonb)
  to holdfast_worker;
