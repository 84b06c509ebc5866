-- A notice: one message to one recipient, by the first channel that takes it. The id of a delivery
-- is written before the channel is asked, as the key of a charge is. The recipient's row is locked
-- after the operation's.

-- When something may be sent that is not urgent: at once, or at the end of the quiet hours, by the
-- clock on the recipient's wall. On a day on which that clock is put on or back too.
create or replace function ledger.quiet_ends(
  p_at timestamptz, p_zone text, p_from time, p_to time
) returns timestamptz
language plpgsql stable as $$
declare
  v_wall timestamp := p_at at time zone p_zone;
  v_ends timestamp := v_wall::date + p_to;
begin
  if p_from is null or not (
    case when p_from < p_to then v_wall::time >= p_from and v_wall::time < p_to
         else v_wall::time >= p_from or v_wall::time < p_to end) then
    return p_at;
  end if;
  if v_ends <= v_wall then v_ends := v_ends + interval '1 day'; end if;
  return greatest(p_at, v_ends at time zone p_zone);
end $$;

-- Accepts a notice and says when it may be sent; no more than p_limit an hour for one recipient.
create or replace function ledger.accept_notice_v1(
  p_envelope jsonb, p_recipient text, p_limit int
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), o.outcome || '{"replayed": true}',
    ledger.step_result(o.id, 'accept'));
  v_asked jsonb := p_envelope #> '{command,payload}';
  v_urgent boolean := coalesce((v_asked ->> 'urgent')::boolean, false);
  v_now timestamptz := ledger.clock();
  v_begin timestamptz;
  r ledger.recipient;
begin
  if v_result is not null then return v_result; end if;
  select * into r from ledger.recipient
   where tenant = o.tenant and recipient_id = p_recipient for no key update;
  v_result := case
    when r.id is null then ledger.refusal('recipient-unknown', 'there is no such recipient')
    when p_limit <= (select count(*) from ledger.notice
                      where recipient = r.id and accepted_at > v_now - interval '1 hour') then
      ledger.refusal('recipient-limit', 'the recipient was sent too much in the last hour')
  end;
  if v_result is not null then
    return ledger.finish(o, 'accept', v_result, 'FAILED', null, 'notification.refused');
  end if;
  v_begin := case when v_urgent then v_now
                  else ledger.quiet_ends(v_now, r.time_zone, r.quiet_from, r.quiet_to) end;
  insert into ledger.notice (op, tenant, trace, recipient, template, locale, urgent, accepted_at,
    begin_at)
  values (o.id, o.tenant, o.trace, r.id, v_asked ->> 'template',
    coalesce(v_asked ->> 'locale', r.locale), v_urgent, v_now, v_begin);
  return ledger.finish(o, 'accept', jsonb_strip_nulls(jsonb_build_object('kind', 'accepted',
    'opId', o.op_id, 'beginAt', case when v_begin > v_now then
      floor(extract(epoch from v_begin) * 1000) end)), 'IN_PROGRESS', null,
    'notification.accepted');
end $$;

-- Writes the id under which a channel is about to be asked, for the address that the recipient has
-- there now. To the run that wrote it this is no repetition: it knows whether it asked.
create or replace function ledger.begin_delivery_v1(
  p_op_id text, p_channel text, p_n int, p_run text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_step text := concat_ws('.', 'begin', p_channel, p_n);
  v_delivery text := p_op_id || ':' || p_channel || '.1:' || p_n;
  v_result jsonb := coalesce(ledger.step_result(o.id, v_step), ledger.not_open(o));
  a ledger.recipient_address;
begin
  if v_result is not null then
    return v_result || coalesce((select jsonb_build_object('state', state)
      from ledger.notice_delivery where op = o.id and channel = p_channel and n = p_n
       and run <> p_run), '{}');
  end if;
  select e.* into a from ledger.notice w
    join ledger.recipient_address e on e.recipient = w.recipient
   where w.op = o.id and e.channel = p_channel and e.replaced_at is null;
  if a.id is null or a.refused_at is not null then
    return ledger.finish(o, v_step, jsonb_build_object('kind', 'skipped', 'channel', p_channel,
      'reason', case when a.id is null then 'no-address' else 'address-refused' end),
      'IN_PROGRESS', null, 'notification.skipped');
  end if;
  insert into ledger.notice_delivery (op, channel, n, tenant, trace, delivery_id, address, run,
    begun_at)
  values (o.id, p_channel, p_n, o.tenant, o.trace, v_delivery, a.id, p_run, ledger.clock());
  return ledger.finish(o, v_step, jsonb_build_object('kind', 'begun', 'channel', p_channel,
    'deliveryId', v_delivery), 'IN_PROGRESS', null, 'notification.sending');
end $$;

-- Writes what is known of a delivery that was not taken: certainly not, or perhaps. An address to
-- which nothing can ever be sent is not tried again.
create or replace function ledger.record_delivery_v1(
  p_op_id text, p_delivery_id text, p_answer jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_state text := case p_answer ->> 'kind' when 'fail' then 'failed' else 'unknown' end;
  v_step text := v_state || '.' || substr(p_delivery_id, length(p_op_id) + 2);
  v_result jsonb := coalesce(ledger.step_result(o.id, v_step), ledger.not_open(o));
  d ledger.notice_delivery;
begin
  if v_result is not null then return v_result; end if;
  update ledger.notice_delivery set state = v_state, answer = p_answer
   where op = o.id and delivery_id = p_delivery_id and state in ('begun', 'unknown')
  returning * into d;
  if d.op is null then
    return jsonb_build_object('kind', 'conflict', 'reason', 'delivery-not-open');
  end if;
  if p_answer ->> 'code' = 'address-refused' then
    update ledger.recipient_address set refused_at = coalesce(refused_at, ledger.clock())
     where id = d.address;
  end if;
  return ledger.finish(o, v_step, jsonb_strip_nulls(jsonb_build_object('kind', v_state,
    'channel', d.channel, 'deliveryId', d.delivery_id, 'code', p_answer -> 'code',
    'reason', coalesce(p_answer -> 'cause', p_answer -> 'reason'))), 'IN_PROGRESS',
    case v_state when 'unknown' then 'in-doubt' end,
    case v_state when 'unknown' then 'notification.in-doubt' else 'notification.undelivered' end);
end $$;

-- Ends a notice: by the delivery that a channel took, which must have been begun, or by a refusal
-- where none was. What the channel calls it stays with the delivery: it may look like anything.
create or replace function ledger.finish_notice_v1(p_op_id text, p_end jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := coalesce(o.outcome || '{"replayed": true}', ledger.not_open(o));
  d ledger.notice_delivery;
begin
  if v_result is not null then return v_result; end if;
  if p_end ->> 'kind' = 'fail' then
    return ledger.finish(o, 'finish', ledger.refusal(p_end ->> 'code', p_end ->> 'message'),
      'FAILED', null, 'notification.refused');
  end if;
  update ledger.notice_delivery
     set state = 'sent', sent_at = ledger.clock(), provider_id = p_end ->> 'providerId'
   where op = o.id and delivery_id = p_end ->> 'deliveryId' and state in ('begun', 'unknown')
  returning * into d;
  if d.op is null then
    return jsonb_build_object('kind', 'conflict', 'reason', 'delivery-not-open');
  end if;
  return ledger.finish(o, 'finish', jsonb_build_object('kind', 'sent', 'opId', o.op_id,
    'channel', d.channel, 'deliveryId', d.delivery_id), 'COMPLETED', null, 'notification.sent');
end $$;

-- What a channel's provider told of a delivery later; false when there is none. A refusal stays
-- what it is, whatever comes in another order.
create or replace function ledger.report_delivery_v1(
  p_delivery_id text, p_report text, p_cause text
) returns boolean
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(split_part(p_delivery_id, ':', 1));
  v_step text := concat_ws('.', 'report', substr(p_delivery_id, length(o.op_id) + 2), p_report);
  d ledger.notice_delivery;
begin
  select * into d from ledger.notice_delivery where op = o.id and delivery_id = p_delivery_id;
  if d.op is null then return false; end if;
  if d.report like '%refused' or ledger.step_result(o.id, v_step) is not null then
    return true;
  end if;
  update ledger.notice_delivery set report = p_report, reported_at = ledger.clock()
   where op = o.id and delivery_id = p_delivery_id;
  if p_report = 'address-refused' then
    update ledger.recipient_address set refused_at = coalesce(refused_at, ledger.clock())
     where id = d.address;
  end if;
  perform ledger.finish(o, v_step, jsonb_strip_nulls(jsonb_build_object('kind', 'reported',
    'deliveryId', p_delivery_id, 'report', p_report, 'cause', p_cause)), o.state, o.phase,
    'notification.reported');
  return true;
end $$;

-- Registers a recipient, or changes it. p_owner is whose it must be, for a caller who may have but
-- his own. An address that is given again keeps what is known of it.
create or replace function ledger.put_recipient_v1(
  p_tenant text, p_recipient text, p_trace text, p_principal text, p_owner text, p_settings jsonb,
  p_addresses jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_now timestamptz := ledger.clock();
  r ledger.recipient;
begin
  -- By its name: `UTC+2` would be read as POSIX has it, two hours west.
  if not exists (select from pg_timezone_names where name = p_settings ->> 'timeZone') then
    return ledger.refusal('time-zone-unknown', 'there is no such time zone');
  end if;
  insert into ledger.recipient as k (
    tenant, trace, recipient_id, owner, locale, time_zone, quiet_from, quiet_to, changed_by,
    changed_at)
  values (p_tenant, p_trace, p_recipient, p_settings ->> 'owner', p_settings ->> 'locale',
    p_settings ->> 'timeZone', (p_settings #>> '{quietHours,from}')::time,
    (p_settings #>> '{quietHours,to}')::time, p_principal, v_now)
  on conflict (tenant, recipient_id) do update
     set owner = excluded.owner, locale = excluded.locale, time_zone = excluded.time_zone,
         quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, trace = excluded.trace,
         changed_by = excluded.changed_by, changed_at = v_now, version = k.version + 1
   where p_owner is null or k.owner = p_owner
  returning * into r;
  if r.id is null then
    return ledger.refusal('recipient-unknown', 'there is no such recipient');
  end if;
  update ledger.recipient_address a set replaced_at = v_now
   where a.recipient = r.id and a.replaced_at is null and not exists (
     select from jsonb_to_recordset(p_addresses) as g(channel text, digest text)
      where g.channel = a.channel and g.digest = a.digest);
  insert into ledger.recipient_address (tenant, trace, recipient, channel, sealed, digest, masked)
  select p_tenant, p_trace, r.id, g.channel, decode(g.sealed, 'base64'), g.digest, g.masked
    from jsonb_to_recordset(p_addresses) as g(channel text, sealed text, digest text, masked text)
  on conflict (recipient, channel) where replaced_at is null do nothing;
  return jsonb_build_object('kind', 'registered', 'version', r.version);
end $$;

revoke all on function ledger.quiet_ends(timestamptz, text, time, time),
  ledger.accept_notice_v1(jsonb, text, int), ledger.begin_delivery_v1(text, text, int, text),
  ledger.record_delivery_v1(text, text, jsonb), ledger.finish_notice_v1(text, jsonb),
  ledger.report_delivery_v1(text, text, text),
  ledger.put_recipient_v1(text, text, text, text, text, jsonb, jsonb) from public;
grant select on ledger.recipient, ledger.recipient_address, ledger.notice, ledger.notice_delivery
  to holdfast_worker, holdfast_reader;
grant execute on function ledger.accept_notice_v1(jsonb, text, int),
  ledger.begin_delivery_v1(text, text, int, text), ledger.record_delivery_v1(text, text, jsonb),
  ledger.finish_notice_v1(text, jsonb) to holdfast_worker;
-- The gateway's role registers whom notices are for, and writes what channels tell.
grant execute on function ledger.report_delivery_v1(text, text, text),
  ledger.put_recipient_v1(text, text, text, text, text, jsonb, jsonb) to holdfast_reader;
