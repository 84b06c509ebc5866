-- An upload, from its claim to its end. Bytes are an asset like any currency: they are held while
-- the file comes in, settled once it is published, released when it is not. The operation's row is
-- locked first, then the upload's. What is told of a stage is told before the end of the operation.

-- Tells others what became of an upload: an event of its operation, numbered among its own.
create or replace function ledger.tell_upload(p_op bigint, p_event text, p_data jsonb) returns void
language sql volatile as $$
  with o as (update ledger.operation set seq = seq + 1 where id = p_op returning *)
  insert into ledger.outbox (op, seq, tenant, trace, type, subject, data, at)
  select id, seq, tenant, trace, p_event, op_id,
         p_data || jsonb_build_object('bizKey', biz_key, 'account', account), ledger.clock()
    from o
$$;

-- Where an upload stands, as the run that carries it out is told.
create or replace function ledger.claimed(p_op bigint) returns jsonb
language sql stable as $$
  select jsonb_strip_nulls(jsonb_build_object('kind', 'claimed', 'opId', o.op_id,
           'account', o.account, 'minor', u.size, 'currency', o.currency, 'stage', u.stage,
           'version', u.version, 'received', u.received, 'attempt', u.attempt,
           'sha256', u.sha256, 'mediaType', u.media_type,
           'expiresAt', (extract(epoch from u.expires_at) * 1000)::bigint))
    from ledger.upload u join ledger.operation o on o.id = u.op where u.op = p_op
$$;

-- Sets the file's bytes aside on the account and opens the upload, or says why it cannot. Met
-- again it says where the upload stands by now; one that has ended answers with its end.
create or replace function ledger.claim_upload_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  p jsonb := o.command -> 'payload';
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), o.outcome || '{"replayed": true}',
    ledger.claimed(o.id) || '{"replayed": true}');
begin
  if v_result is not null then return v_result; end if;
  if ledger.clock() > o.budget_ends_at then
    return ledger.finish(o, 'reserve', ledger.refusal('upload-expired', 'too late to begin'),
      'FAILED', null, 'fileupload.refused');
  end if;
  v_result := ledger.set_aside(o, o.account, ledger.payee_of(o, null), o.amount, 'balance', null,
    null, null, '{}');
  if v_result ->> 'kind' <> 'held' then return v_result; end if;
  insert into ledger.upload (
    op, tenant, trace, size, declared_sha256, declared_type, expires_at, changed_at)
  values (o.id, o.tenant, o.trace, o.amount, p ->> 'sha256', p ->> 'mediaType', o.budget_ends_at,
    ledger.clock());
  perform ledger.tell_upload(o.id, 'upload.claimed', jsonb_build_object('size', o.amount));
  return ledger.claimed(o.id);
end $$;

-- Writes a part down that lies in the store by now: from then on its bytes are of the file. One
-- that lost the race is of no use, and its object is removed by who put it there. A repetition
-- under the same key is recorded still; the same bytes under another key are a duplicate.
create or replace function ledger.record_part_v1(
  p_tenant text, p_op_id text, p_start bigint, p_size bigint, p_sha256 text, p_key text
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  c_parts_max constant int := 100000;
  u ledger.upload;
  v_known ledger.upload_part;
  v_kind text;
begin
  select u1.* into u from ledger.upload u1 join ledger.operation o on o.id = u1.op
   where o.tenant = p_tenant and o.op_id = p_op_id for update of u1;
  if u.op is null then return jsonb_build_object('kind', 'missing'); end if;
  select * into v_known from ledger.upload_part where op = u.op and start = p_start;
  v_kind := case
    when v_known.key = p_key then 'recorded'
    when (v_known.size, v_known.sha256) = (p_size, p_sha256) then 'duplicate'
    when u.stage <> 'CLAIMED' or ledger.clock() > u.expires_at then 'closed'
    when p_start <> u.received then 'stale-offset'
    when p_start + p_size > u.size then 'too-long'
    when u.parts >= c_parts_max then 'too-many-parts'
  end;
  if v_kind is null then
    insert into ledger.upload_part (op, n, tenant, trace, start, size, sha256, key)
    values (u.op, u.parts + 1, u.tenant, u.trace, p_start, p_size, p_sha256, p_key);
    update ledger.upload
       set received = received + p_size, parts = parts + 1, changed_at = ledger.clock()
     where op = u.op returning * into u;
    v_kind := 'recorded';
  end if;
  return jsonb_build_object('kind', v_kind, 'received', u.received, 'size', u.size,
    'stage', u.stage);
end $$;

-- Counts an assembly before it begins: the one after the last that the caller saw. So one that is
-- thought dead writes under a key of its own, and what it still puts there later is nobody's file.
-- Who saw the same last is given the same key: they put the same bytes there, each whole.
create or replace function ledger.begin_upload_attempt_v1(p_op_id text, p_after int) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  update ledger.upload set attempt = p_after + 1, changed_at = ledger.clock()
   where op = (select id from ledger.operation where op_id = p_op_id)
     and stage = 'UPLOADED' and attempt in (p_after, p_after + 1);
  if not found then
    return jsonb_build_object('kind', 'conflict', 'reason', 'attempt-begun');
  end if;
  return jsonb_build_object('kind', 'assembling', 'opId', p_op_id, 'attempt', p_after + 1);
end $$;

-- Brings an upload to its next stage, by who saw the one before. UPLOADED needs every byte,
-- VERIFIED the last assembly, whole and of the checksum that was declared.
create or replace function ledger.advance_upload_v1(
  p_op_id text, p_version int, p_stage text, p_seen jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_step text := lower(p_stage);
  v_result jsonb := coalesce(ledger.step_result(o.id, v_step), ledger.not_open(o));
  u ledger.upload;
begin
  if v_result is not null then return v_result; end if;
  select * into u from ledger.upload where op = o.id for update;
  if (u.version, u.stage) is distinct from (p_version,
      case p_stage when 'UPLOADED' then 'CLAIMED' when 'VERIFIED' then 'UPLOADED' end) then
    return jsonb_build_object('kind', 'conflict', 'reason', 'upload-' || lower(u.stage));
  end if;
  if u.received < u.size then
    return jsonb_build_object('kind', 'incomplete', 'received', u.received);
  end if;
  if p_stage = 'VERIFIED' and (coalesce(u.declared_sha256, p_seen ->> 'sha256'), u.attempt, u.size)
      is distinct from (p_seen ->> 'sha256', (p_seen ->> 'attempt')::int,
                        (p_seen ->> 'size')::bigint) then
    return jsonb_build_object('kind', 'conflict', 'reason', 'evidence-mismatch');
  end if;
  update ledger.upload
     set stage = p_stage, version = version + 1, changed_at = ledger.clock(),
         sha256 = p_seen ->> 'sha256', media_type = p_seen ->> 'mediaType'
   where op = o.id returning * into u;
  return ledger.finish(o, v_step, jsonb_strip_nulls(jsonb_build_object('kind', 'advanced',
    'opId', o.op_id, 'stage', u.stage, 'version', u.version, 'size', u.size,
    'sha256', u.sha256, 'mediaType', u.media_type)), 'IN_PROGRESS', 'held',
    case p_stage when 'UPLOADED' then 'upload.uploaded' else 'upload.verified' end);
end $$;

-- Publishes a verified file and settles its bytes, in one statement. One that shares the object of
-- another file needs that file published still: under its lock, for it may be deleted this moment.
create or replace function ledger.commit_upload_v1(p_op_id text, p_proof jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_known(p_op_id);
  v_result jsonb := ledger.step_result(o.id, 'settle');
  u ledger.upload;
  v_twin bigint;
begin
  if v_result is not null then return v_result; end if;
  select * into u from ledger.upload where op = o.id for update;
  -- Two people can give bytes back; that a file is there they cannot decide.
  if p_proof ->> 'kind' is distinct from 'published' or u.stage is distinct from 'VERIFIED'
     or (u.version, u.attempt)
        is distinct from ((p_proof ->> 'version')::int, (p_proof ->> 'attempt')::int)
     or not exists (select from ledger.hold where op = o.id and state = 'held') then
    return jsonb_build_object('kind', 'conflict',
      'reason', 'upload-' || coalesce(lower(u.stage), 'missing'));
  end if;
  if p_proof ? 'twin' then
    select t.op into v_twin from ledger.upload t join ledger.operation x on x.id = t.op
     where x.op_id = p_proof ->> 'twin' and t.tenant = o.tenant and t.stage = 'COMMITTED'
       and (t.sha256, t.size, t.object_key) = (u.sha256, u.size, p_proof ->> 'objectKey')
       for share of t;
    if v_twin is null then
      return jsonb_build_object('kind', 'conflict', 'reason', 'twin-gone');
    end if;
  end if;
  update ledger.upload
     set stage = 'COMMITTED', version = version + 1, changed_at = ledger.clock(),
         object_key = p_proof ->> 'objectKey', deduped_from = v_twin
   where op = o.id returning * into u;
  perform ledger.tell_upload(o.id, 'upload.committed', jsonb_build_object('size', u.size,
    'sha256', u.sha256, 'mediaType', u.media_type, 'version', u.version));
  v_result := ledger.settle_v2(p_op_id, 'settle', '{"kind": "internal"}', true);
  if v_result ->> 'kind' <> 'settled' then raise exception 'not settled: %', v_result; end if;
  return v_result;
end $$;

-- Ends an upload that is not published: from then on no part of it is recorded, and its bytes are
-- given back. Before its claim it leaves a tombstone, and the claim does nothing when it comes.
create or replace function ledger.abort_upload_v1(p_envelope jsonb, p_because jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  u ledger.upload;
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope),
    ledger.step_result(o.id, 'release'));
begin
  if v_result is not null then return v_result; end if;
  select * into u from ledger.upload where op = o.id for update;
  if u.op is null then return ledger.release_v2(p_envelope, p_because); end if;
  if u.stage not in ('CLAIMED', 'UPLOADED', 'VERIFIED') then
    return jsonb_build_object('kind', 'conflict', 'reason', 'upload-' || lower(u.stage));
  end if;
  if ledger.proves_return(o.id, p_because) is not true then
    return jsonb_build_object('kind', 'conflict', 'reason', 'evidence-mismatch');
  end if;
  update ledger.upload set stage = 'ABORTED', version = version + 1, changed_at = ledger.clock()
   where op = o.id returning * into u;
  perform ledger.tell_upload(o.id, 'upload.aborted', jsonb_build_object('received', u.received,
    'code', coalesce(p_because ->> 'code', p_because ->> 'kind'), 'version', u.version));
  v_result := ledger.release_v2(p_envelope, p_because);
  if v_result ->> 'kind' <> 'released' then raise exception 'not released: %', v_result; end if;
  return v_result;
end $$;

-- Deletes a published file: its bytes go back to the account that paid for them. The object itself
-- is cleared away afterwards, once no other file is made of it.
create or replace function ledger.delete_file_v1(p_envelope jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  o ledger.operation := ledger.operation_locked(p_envelope);
  v_result jsonb := coalesce(ledger.key_refusal(o, p_envelope), ledger.step_result(o.id, 'delete'));
  u ledger.upload;
  h ledger.hold;
  b ledger.account;
begin
  if v_result is not null then return v_result; end if;
  select u1.* into u from ledger.upload u1 join ledger.operation f on f.id = u1.op
   where f.tenant = o.tenant and f.op_id = o.command #>> '{payload,upload}'
     and (f.account, u1.size) = (o.account, o.amount) for update of u1;
  if u.stage = 'COMMITTED' then
    select * into h from ledger.hold where op = u.op;
    perform 1 from ledger.account where id in (h.account, h.payee) order by id for no key update;
    select * into b from ledger.account where id = h.payee;
  end if;
  v_result := case
    when u.op is null then ledger.refusal('file-unknown', 'there is no such file')
    when u.stage <> 'COMMITTED' then ledger.refusal('invalid-state', 'it is not published')
    when b.slots = 1 and b.posted - b.held - u.size < -b.overdraft_limit then
      ledger.refusal('insufficient-funds', 'its bytes are no longer where they were settled')
  end;
  if v_result is not null then
    return ledger.finish(o, 'delete', v_result, 'FAILED', null, 'fileupload.refused');
  end if;
  perform ledger.post(o, 'delete', jsonb_build_array(
    jsonb_build_object('account', h.account, 'posted', u.size, 'held', 0),
    jsonb_build_object('account', h.payee, 'posted', -u.size, 'held', 0)));
  update ledger.upload
     set stage = 'DELETED', version = version + 1, changed_at = ledger.clock(), swept_at = null,
         deleted_by = o.id
   where op = u.op;
  return ledger.finish(o, 'delete', jsonb_build_object('kind', 'settled', 'opId', o.op_id,
    'minor', u.size, 'currency', o.currency), 'COMPLETED', null, 'upload.deleted');
end $$;

revoke all on function ledger.tell_upload(bigint, text, jsonb), ledger.claimed(bigint),
  ledger.claim_upload_v1(jsonb),
  ledger.record_part_v1(text, text, bigint, bigint, text, text),
  ledger.begin_upload_attempt_v1(text, int), ledger.advance_upload_v1(text, int, text, jsonb),
  ledger.commit_upload_v1(text, jsonb), ledger.abort_upload_v1(jsonb, jsonb),
  ledger.delete_file_v1(jsonb) from public;
grant execute on function ledger.claim_upload_v1(jsonb),
  ledger.begin_upload_attempt_v1(text, int), ledger.advance_upload_v1(text, int, text, jsonb),
  ledger.commit_upload_v1(text, jsonb), ledger.abort_upload_v1(jsonb, jsonb),
  ledger.delete_file_v1(jsonb) to holdfast_worker;
-- Bytes come in at the gateway.
grant execute on function ledger.record_part_v1(text, text, bigint, bigint, text, text)
  to holdfast_worker, holdfast_reader;
grant select on ledger.upload, ledger.upload_part to holdfast_worker, holdfast_reader;
