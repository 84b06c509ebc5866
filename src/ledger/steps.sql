-- What verbs of later steps share.

-- The first answer of a verb that holds, if it ran before: an operation that has ended answers with
-- its end. The run that held it knows best what it did since: to itself this is no repetition. The
-- customer may have chosen another method since then. The key is that of the last attempt: what was
-- refused under the first one says nothing of what was done under the next.
create or replace function ledger.held_before(o ledger.operation, p_envelope jsonb) returns jsonb
language sql stable as $$
  select case when answer ->> 'run' = p_envelope ->> 'run' then answer - 'replayed' else answer end
    from coalesce(ledger.key_refusal(o, p_envelope), o.outcome || '{"replayed": true}',
                  ledger.step_result(o.id, 'reserve') || coalesce((
                    select jsonb_build_object('method', result -> 'method')
                      from ledger.step where op = o.id and step = 'method'), '{}')
                  || coalesce((
                    select jsonb_build_object('reference', key) from ledger.attempt
                     where op = o.id and step in ('authorize.1', 'charge.1', 'refund.1', 'payout.1')
                     order by n desc limit 1), '{}')) as answer
$$;

-- Writes the key under which the outside is about to be asked, and gives it.
create or replace function ledger.write_attempt(
  o ledger.operation, p_step text, p_n int, p_amount bigint
) returns text
language sql volatile as $$
  insert into ledger.attempt (op, step, n, tenant, trace, key, amount, sent_at)
  values (o.id, p_step, p_n, o.tenant, o.trace, o.op_id || ':' || p_step || ':' || p_n, p_amount,
          ledger.clock())
  returning key
$$;

-- The conflict of a step that only an operation under way can take; null when it is.
create or replace function ledger.not_open(o ledger.operation) returns jsonb
language sql immutable as $$
  select case when o.state is distinct from 'IN_PROGRESS' then jsonb_build_object(
    'kind', 'conflict', 'reason', 'operation-' || coalesce(o.state, 'missing')) end
$$;

-- The operation's row, locked, for a step that is not its first.
create or replace function ledger.operation_known(p_op_id text) returns ledger.operation
language sql volatile as $$ select * from ledger.operation where op_id = p_op_id for update $$;
