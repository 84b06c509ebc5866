-- Uploads: their tables, verbs and invariants. Older workers survive: they know of none of it. Start
-- workers with an object store before the gateways that take uploads.
CREATE TABLE "ledger"."upload" (
	"op" bigint PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"stage" text DEFAULT 'CLAIMED' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"size" bigint NOT NULL,
	"received" bigint DEFAULT 0 NOT NULL,
	"parts" integer DEFAULT 0 NOT NULL,
	"declared_sha256" text,
	"declared_type" text,
	"sha256" text,
	"media_type" text,
	"attempt" integer DEFAULT 0 NOT NULL,
	"object_key" text,
	"deduped_from" bigint,
	"deleted_by" bigint,
	"expires_at" timestamp with time zone NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"swept_at" timestamp with time zone,
	"lock_holder" text,
	"lock_until" timestamp with time zone,
	"lock_wanted" boolean DEFAULT false NOT NULL,
	CONSTRAINT "upload_deleted_by_unique" UNIQUE("deleted_by"),
	CONSTRAINT "upload_stage" CHECK (stage in ('CLAIMED', 'UPLOADED', 'VERIFIED', 'COMMITTED', 'ABORTED', 'DELETED')),
	CONSTRAINT "upload_received" CHECK (received between 0 and size and size > 0),
	CONSTRAINT "upload_whole" CHECK (stage in ('CLAIMED', 'ABORTED') or received = size),
	CONSTRAINT "upload_verified" CHECK (stage in ('CLAIMED', 'UPLOADED', 'ABORTED')
        or (sha256 is not null and media_type is not null)),
	CONSTRAINT "upload_object" CHECK ((stage in ('COMMITTED', 'DELETED')) = (object_key is not null)),
	CONSTRAINT "upload_deleted" CHECK ((stage = 'DELETED') = (deleted_by is not null)),
	CONSTRAINT "upload_lock" CHECK ((lock_holder is null) = (lock_until is null))
);
--> statement-breakpoint
CREATE TABLE "ledger"."upload_part" (
	"op" bigint NOT NULL,
	"n" integer NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"start" bigint NOT NULL,
	"size" bigint NOT NULL,
	"sha256" text NOT NULL,
	"key" text NOT NULL,
	CONSTRAINT "upload_part_op_n_pk" PRIMARY KEY("op","n"),
	CONSTRAINT "upload_part_key_unique" UNIQUE("key"),
	CONSTRAINT "upload_part_start" UNIQUE("op","start"),
	CONSTRAINT "upload_part_size" CHECK (size > 0 and start >= 0 and n > 0)
);
--> statement-breakpoint
ALTER TABLE "ledger"."upload" ADD CONSTRAINT "upload_op_operation_id_fk" FOREIGN KEY ("op") REFERENCES "ledger"."operation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."upload" ADD CONSTRAINT "upload_deduped_from_upload_op_fk" FOREIGN KEY ("deduped_from") REFERENCES "ledger"."upload"("op") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."upload" ADD CONSTRAINT "upload_deleted_by_operation_id_fk" FOREIGN KEY ("deleted_by") REFERENCES "ledger"."operation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."upload_part" ADD CONSTRAINT "upload_part_op_upload_op_fk" FOREIGN KEY ("op") REFERENCES "ledger"."upload"("op") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "upload_content" ON "ledger"."upload" USING btree ("tenant","sha256","size") WHERE stage = 'COMMITTED';--> statement-breakpoint
CREATE INDEX "upload_object" ON "ledger"."upload" USING btree ("object_key") WHERE stage = 'COMMITTED';--> statement-breakpoint
CREATE INDEX "upload_open" ON "ledger"."upload" USING btree ("op") WHERE stage in ('CLAIMED', 'UPLOADED', 'VERIFIED');--> statement-breakpoint
CREATE INDEX "upload_unswept" ON "ledger"."upload" USING btree ("op") WHERE swept_at is null and stage in ('COMMITTED', 'ABORTED', 'DELETED');
--> statement-breakpoint
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
--> statement-breakpoint
-- Who writes to an upload now: a lease in its row, taken by one update. It spares two writers work
-- that one of them would lose; that bytes are whole is decided where a part is recorded.

-- Takes or renews the lease. Who holds it learns by renewing that another waits; who finds it taken
-- asks for it by that, and tries again.
create or replace function ledger.lock_upload_v1(
  p_tenant text, p_op_id text, p_holder text, p_lease_ms int
) returns jsonb
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_op bigint := (select id from ledger.operation where tenant = p_tenant and op_id = p_op_id);
  v_now timestamptz := ledger.clock();
  u ledger.upload;
begin
  update ledger.upload
     set lock_wanted = lock_wanted and lock_holder = p_holder, lock_holder = p_holder,
         lock_until = v_now + p_lease_ms * interval '1 millisecond'
   where op = v_op and (lock_holder is null or lock_holder = p_holder or lock_until <= v_now)
  returning * into u;
  if found then return jsonb_build_object('kind', 'locked', 'wanted', u.lock_wanted); end if;
  update ledger.upload set lock_wanted = true where op = v_op returning * into u;
  return jsonb_build_object('kind', case when found then 'taken' else 'missing' end);
end $$;

-- Gives the lease back; false when it was another's by then.
create or replace function ledger.unlock_upload_v1(p_tenant text, p_op_id text, p_holder text)
returns boolean
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
begin
  update ledger.upload set lock_holder = null, lock_until = null, lock_wanted = false
   where op = (select id from ledger.operation where tenant = p_tenant and op_id = p_op_id)
     and lock_holder = p_holder;
  return found;
end $$;

revoke all on function ledger.lock_upload_v1(text, text, text, int),
  ledger.unlock_upload_v1(text, text, text) from public;
grant execute on function ledger.lock_upload_v1(text, text, text, int),
  ledger.unlock_upload_v1(text, text, text) to holdfast_reader, holdfast_worker;
--> statement-breakpoint
-- Notes that the bytes of these uploads, which have ended, were cleared away.
create or replace function ledger.swept_uploads_v1(p_op_ids jsonb) returns int
language plpgsql volatile security definer set search_path = ledger, pg_temp as $$
declare
  v_count int;
begin
  update ledger.upload set swept_at = ledger.clock()
   where op in (select o.id from ledger.operation o
                 where o.op_id in (select jsonb_array_elements_text(p_op_ids)))
     and stage in ('COMMITTED', 'ABORTED', 'DELETED');
  get diagnostics v_count = row_count;
  return v_count;
end $$;

revoke all on function ledger.swept_uploads_v1(jsonb) from public;
grant execute on function ledger.swept_uploads_v1(jsonb) to holdfast_worker;
--> statement-breakpoint
-- What must hold of uploads: a part of what must hold at every moment, by the same pages.
create or replace function ledger.upload_violations(
  p_tenant text, p_from bigint, p_to bigint, p_after bigint, p_grace interval
) returns table (name text, subject text)
language sql stable as $$
  with file as materialized (
    select u.*, o.op_id, o.state as op_state, o.phase, h.state as hold_state, h.captured,
           coalesce(p.n, 0) as kept_parts, coalesce(p.bytes, 0) as kept,
           coalesce(p.reach, 0) as reach
      from ledger.upload u join ledger.operation o on o.id = u.op
      left join ledger.hold h on h.op = u.op
      left join lateral (select count(*) as n, sum(size) as bytes, max(start + size) as reach
                           from ledger.upload_part where op = u.op) p on true
     where (p_tenant is null or o.tenant = p_tenant)
       and (p_from is null or o.id between p_from and p_to)
       and (p_after is null or o.id in (select op from ledger.outbox where id > p_after))
  )
  select 'upload-is-its-parts', op_id from file
   where (received, received, parts) is distinct from (kept, reach, kept_parts)
      or (stage not in ('CLAIMED', 'ABORTED') and received <> size)
  union all
  select 'upload-version-is-its-stage', op_id from file
   where version not between
     case stage when 'CLAIMED' then 1 when 'VERIFIED' then 3 when 'COMMITTED' then 4
                when 'DELETED' then 5 else 2 end
     and case stage when 'CLAIMED' then 1 when 'UPLOADED' then 2 when 'VERIFIED' then 3
                    when 'DELETED' then 5 else 4 end
  union all
  select 'published-file-is-settled', op_id from file
   where (stage in ('COMMITTED', 'DELETED')) <> (op_state = 'COMPLETED')
      or (stage in ('COMMITTED', 'DELETED')
          and (object_key is null or (hold_state, captured) is distinct from ('captured', size)))
  union all
  select 'aborted-upload-is-released', op_id from file
   where (stage = 'ABORTED') <> (op_state = 'FAILED')
      or (stage = 'ABORTED' and hold_state is distinct from 'released')
  union all
  select 'upload-ends-in-time', op_id from file
   where stage = 'CLAIMED' and expires_at < ledger.clock() - p_grace
     and phase is distinct from 'parked'
  union all
  select 'shared-object-is-one-content', f.op_id from file f join ledger.upload other
      on other.object_key = f.object_key and other.stage = 'COMMITTED'
   where f.stage = 'COMMITTED' and (other.tenant, other.sha256, other.size)
     is distinct from (f.tenant, f.sha256, f.size)
  union all
  select 'deleted-file-gave-its-bytes-back', f.op_id from file f
    left join ledger.operation d on d.id = f.deleted_by
   where f.stage = 'DELETED'
     and (d.event_type, d.state, d.amount)
       is distinct from ('FileDeletionRequested', 'COMPLETED', f.size)
  union all
  select 'deletion-deleted-a-file', d.op_id from ledger.operation d
   where d.event_type = 'FileDeletionRequested' and d.state = 'COMPLETED'
     and (p_tenant is null or d.tenant = p_tenant)
     and (p_from is null or d.id between p_from and p_to)
     and (p_after is null or d.id in (select op from ledger.outbox where id > p_after))
     and not exists (select from ledger.upload where deleted_by = d.id and stage = 'DELETED')
$$;

revoke all on function
  ledger.upload_violations(text, bigint, bigint, bigint, interval) from public;
--> statement-breakpoint
-- True for a card's number, by length, first digit and check digit (ISO/IEC 7812-1), a bearer
-- token, or a secret under its name. A moment in milliseconds begins with 1 and is none, nor are
-- digits among the letters of a hash.
create or replace function ledger.shows_secret(p_text text) returns boolean
language sql immutable as $$
  select p_text ~* 'bearer\s+[a-z0-9_-]{8,}\.'
      or p_text ~* '"(cvv|cvc|pan|password|otp)"\s*:\s*"[^*"]'
      or exists (
        select from regexp_matches(p_text, '(?<![0-9a-z])[2-6][0-9]{12,18}(?![0-9a-z])', 'gi') run
         where (select sum(case when place % 2 = 1 then digit
                                when digit > 4 then digit * 2 - 9 else digit * 2 end)
                  from (select d.digit::int, row_number() over (order by d.n desc) as place
                          from regexp_split_to_table(run[1], '') with ordinality d(digit, n)) x
               ) % 10 = 0)
$$;

-- What must hold at every moment: every row that comes back is a violation. Written from the rules
-- and not from the verbs, so that a verb that is wrong cannot agree with it. One STABLE function,
-- so one snapshot. An open operation is PENDING or IN_PROGRESS, a parked one is open and in front
-- of a person; it has ended when COMPLETED, which is settled, or FAILED, which is released.
--
-- It looks at the operations and accounts with ids from p_from to p_to, or at those that something
-- happened to after the event p_after; at all when none is given. An entry is checked against the
-- one before it, so that pages prove what one look at all would; the sum over all accounts is of
-- the first page alone. Rules about time allow p_grace.
create or replace function ledger.violations_v1(
  p_tenant text, p_from bigint, p_to bigint, p_after bigint, p_grace interval
) returns table (name text, subject text)
language sql stable security definer set search_path = ledger, pg_temp as $$
  with op as materialized (
    select o.* from ledger.operation o
     where (p_tenant is null or o.tenant = p_tenant)
       and (p_from is null or o.id between p_from and p_to)
       and (p_after is null or o.id in (select op from ledger.outbox where id > p_after))
  ), line as materialized (
    select e.*, op.op_id, a.tenant as account_tenant, a.kind, a.chain,
           b.version as before_version, b.posted_after as before_posted,
           b.held_after as before_held, b.recorded_at as before_at, b.hash as before_hash
      from op join ledger.entry e on e.op = op.id
      join ledger.account a on a.id = e.account
      left join ledger.entry b on b.account = e.account and b.version = e.version - 1
  ), acct as materialized (
    select a.* from ledger.account a
     where (p_tenant is null or a.tenant = p_tenant)
       and ((p_from is null and p_after is null) or a.id between p_from and p_to
            or a.id in (select account from line))
  ), held as (
    select h.*, op.op_id, op.state as op_state, op.domain from op join ledger.hold h on h.op = op.id
  ), tried as (
    select t.*, op.op_id, op.state as op_state, op.amount as op_amount
      from op join ledger.attempt t on t.op = op.id
  )
  select 'accounts-sum-to-zero', concat_ws(' ', tenant, currency) from ledger.account
   where (p_tenant is null or tenant = p_tenant) and (p_from is null or p_from = 1)
   group by tenant, currency having sum(posted) <> 0
  union all
  select 'step-sums-to-zero', concat_ws(' ', op_id, step) from line group by op_id, step
  having sum(posted_delta) <> 0 or count(distinct currency) > 1
  union all
  select 'balance-is-its-last-entry', a.account_id from acct a
    left join lateral (select * from ledger.entry e where e.account = a.id
                        order by e.version desc limit 1) e on true
   where a.version <> coalesce(e.version, 0) or a.posted <> coalesce(e.posted_after, 0)
      or a.held <> coalesce(e.held_after, 0) or (e.version is not null and a.chain <> e.hash)
  union all
  select 'entry-follows-the-one-before', concat_ws(' ', op_id, account, version) from line
   where (version > 1 and before_version is null)
      or posted_after <> coalesce(before_posted, 0) + posted_delta
      or held_after <> coalesce(before_held, 0) + held_delta
  union all
  select 'entry-is-later-than-the-one-before', concat_ws(' ', op_id, account, version) from line
   where recorded_at <= before_at
  union all
  select 'chain-is-unbroken', concat_ws(' ', op_id, account, version) from line
   where before_hash is not null and hash <> ledger.link(before_hash, account, version, op_id,
           step, posted_delta, held_delta, posted_after, held_after, recorded_at)
  union all
  select 'entry-of-a-step', concat_ws(' ', op_id, step) from line
   where not exists (select from ledger.step s where s.op = line.op and s.step = line.step)
  union all
  select 'entry-within-the-tenant', op_id from line where tenant <> account_tenant
  union all
  select 'held-is-the-open-holds', a.account_id from acct a
    left join ledger.hold h on h.account = a.id and h.state = 'held'
   group by a.id, a.account_id, a.held
  having a.held <> coalesce(sum(h.amount - h.captured - h.released), 0)
  union all
  select 'available-above-its-limit', a.account_id from ledger.account a
   where a.kind <> 'internal'
     and (a.tenant, a.account_id) in (select tenant, account_id from acct)
   group by a.tenant, a.account_id
  having sum(a.posted - a.held) < -min(a.overdraft_limit) or min(a.held) < 0
  union all
  select 'hold-adds-up', op_id from held
   where captured < 0 or released < 0 or captured + released > amount
      or (state <> 'held' and captured + released <> amount) or (not tombstone and amount <= 0)
  union all
  select 'hold-is-open-while-its-operation-is', op_id from held
   where (state = 'held') <> (op_state = 'IN_PROGRESS')
  union all
  select 'captured-hold-is-completed', op_id from held
   where (state = 'captured') <> (op_state = 'COMPLETED')
  union all
  select 'settled-or-released', o.op_id from op o join ledger.step s on s.op = o.id
   where s.step in ('settle', 'release') group by o.op_id having count(*) > 1
  union all
  select 'completed-moved-what-it-says', o.op_id from op o
    left join line e on e.op = o.id and e.posted_delta < 0
   where o.domain <> 'Account' and o.state = 'COMPLETED' group by o.id, o.op_id, o.outcome
  having coalesce(-sum(e.posted_delta), 0) <> coalesce((o.outcome ->> 'minor')::bigint, 0)
  union all
  select 'failed-moved-nothing', o.op_id from op o join line e on e.op = o.id
   where o.state = 'FAILED' group by o.op_id, e.account having sum(e.posted_delta) <> 0
      or sum(e.held_delta) <> 0
  union all
  select 'payment-taken-at-once-moved-its-amount', o.op_id from op o
   where o.domain = 'Payment' and o.state = 'COMPLETED'
     and o.command #>> '{payload,capture}' = 'automatic'
     and (o.outcome ->> 'minor')::bigint <> o.amount
  union all
  select 'refunds-within-what-was-captured', o.op_id from op r
    join ledger.hold one on one.op = r.id and one.parent is not null
    join ledger.operation o on o.id = one.parent
    join ledger.hold h on h.op = o.id join ledger.hold back on back.parent = o.id
   group by o.op_id, one.op, h.captured having sum(back.amount - back.released) > h.captured
  union all
  select 'one-effect-per-step', concat_ws(' ', op_id, step) from tried
   where outcome ->> 'kind' in ('captured', 'authorized', 'refunded', 'paid-out')
   group by op_id, step having count(*) > 1
  union all
  select 'attempt-moved-what-was-asked', key from tried
   where outcome ->> 'kind' in ('captured', 'refunded', 'paid-out')
     and (outcome ->> 'minor')::bigint <> coalesce(amount, op_amount)
  union all
  select 'failed-took-nothing-outside', t.op_id from tried t
   where t.op_state = 'FAILED' and t.outcome ->> 'kind' in ('captured', 'refunded', 'paid-out')
     and not exists (select from ledger.operation late where late.parent_op_id = t.op_id)
  union all
  select 'failed-gave-back-what-it-took', o.op_id from op o
    join ledger.operation p on p.parent_op_id = o.op_id and p.domain = 'Payment'
    join ledger.hold h on h.op = p.id left join ledger.hold back on back.parent = p.id
   where o.state = 'FAILED' group by o.op_id, p.id, h.captured
  having h.captured <> coalesce(sum(back.captured), 0)
  union all
  select 'one-operation-per-key', o.op_id from op o join ledger.operation other
      on (other.tenant, other.principal, other.domain, other.event_type, other.idem_key)
       = (o.tenant, o.principal, o.domain, o.event_type, o.idem_key) and other.id <> o.id
  union all
  select 'ended-with-an-outcome', op_id from op
   where (state in ('COMPLETED', 'FAILED')) <> (outcome is not null)
      or (outcome is not null and phase is not null)
  union all
  select 'events-are-numbered', o.op_id from op o left join ledger.outbox x on x.op = o.id
   group by o.id, o.op_id, o.seq, o.state
  having max(x.seq) <> o.seq or count(x.id) <> max(x.seq) - min(x.seq) + 1
      or (count(x.id) = 0 and o.state not in ('COMPLETED', 'FAILED') and o.seq > 0)
  union all
  select 'end-has-its-event', o.op_id from op o
    join lateral (select at from ledger.outbox e where e.op = o.id and e.type not like 'case.%'
                   order by e.seq desc limit 1) x on true
   where o.outcome is not null and x.at <> o.updated_at
  union all
  select 'event-leaves', concat_ws('.', o.op_id, x.seq) from op o
    join ledger.outbox x on x.op = o.id
   where x.published_at is null and x.at < ledger.clock() - p_grace
  union all
  select 'open-operation-goes-on', op_id from op
   where state in ('PENDING', 'IN_PROGRESS')
     and coalesce(phase, 'charging') in ('charging', 'in-doubt')
     and greatest(updated_at, budget_ends_at) < ledger.clock() - p_grace
     -- It waits for the end of what it started, however long a person takes.
     and not exists (select from ledger.operation c where c.parent_op_id = op.op_id
                        and c.state in ('PENDING', 'IN_PROGRESS'))
  union all
  select 'hold-ends-in-time', op_id from held
   where state = 'held' and expires_at < ledger.clock() - p_grace
     and exists (select from op o where o.id = held.op and o.phase = 'held')
  union all
  select 'webhook-is-applied', concat_ws(' ', provider, event_id) from ledger.webhook w
   where state = 'received' and received_at < ledger.clock() - p_grace
     and (p_tenant is null or w.tenant = p_tenant)
  union all
  select 'step-has-its-audit-line', concat_ws(' ', o.op_id, s.step) from op o
    join ledger.step s on s.op = o.id
   where not exists (select from ledger.audit a where a.op = s.op and a.at = s.at)
  union all
  select 'audit-names-no-secret', o.op_id from op o join ledger.audit a on a.op = o.id
   where ledger.shows_secret(a.detail::text)
  union all
  select 'parked-has-its-case', o.op_id from op o
    left join ledger.case c on c.op = o.id and c.kind = 'parked' and c.state <> 'ended'
   where (o.phase is not distinct from 'parked') <> (c.id is not null)
  union all
  select 'case-says-what-is-held', c.case_id from op o join ledger.case c on c.op = o.id
    left join ledger.hold h on h.op = o.id
   where c.kind = 'parked' and c.state <> 'ended'
     and c.amount_at_risk <> coalesce(h.amount - h.captured - h.released, 0)
  union all
  select 'by-hand-by-two', o.op_id from op o
   where (o.outcome ->> 'byHand' = 'true' or o.domain = 'Correction')
     and 2 > (select count(distinct a.principal) from ledger.audit a where a.op = o.id
       and a.action in ('case.release', 'case.settle', 'finding.corrected'))
  union all
  select 'approved-by-another', o.op_id from op o join ledger.approval p on p.op = o.id
   where p.principal in (o.principal, o.actor) or 1 <> (
     select count(*) from ledger.audit a where a.op = o.id and a.principal = p.principal
        and a.action = 'approval.' || p.verdict)
  union all
  select 'rows-belong-to-their-operation', o.op_id from op o join (
      select op, tenant, trace from ledger.entry union all select op, tenant, trace from ledger.step
      union all select op, tenant, trace from ledger.hold
      union all select op, tenant, trace from ledger.attempt
      union all select op, tenant, trace from ledger.outbox
      union all select op, tenant, trace from ledger.delivery
      union all select op, tenant, trace from ledger.upload
      union all select op, tenant, trace from ledger.upload_part
      union all select op, tenant, trace from ledger.audit) r on r.op = o.id
   where (r.tenant, r.trace) is distinct from (o.tenant, o.trace)
  union all
  select * from ledger.upload_violations(p_tenant, p_from, p_to, p_after, p_grace)
$$;

revoke all on function ledger.violations_v1(text, bigint, bigint, bigint, interval),
  ledger.shows_secret(text) from public;
grant execute on function ledger.violations_v1(text, bigint, bigint, bigint, interval)
  to holdfast_worker, holdfast_reader;
