/**
 * What must hold at every moment, for one tenant ($1): every row that comes back is a violation.
 * Written from the rules, not from the verbs, so that a verb that is wrong cannot agree with it.
 */
const rules: Readonly<Record<string, string>> = {
  'a step sums to zero, in one currency': `
    select op, step from ledger.entry where tenant = $1 group by op, step
    having sum(posted_delta) <> 0 or count(distinct currency) > 1`,
  'a balance is the sum of its entries': `
    select a.account_id from ledger.account a left join ledger.entry e on e.account = a.id
     where a.tenant = $1 group by a.id
    having a.posted <> coalesce(sum(e.posted_delta), 0) or a.held <> coalesce(sum(e.held_delta), 0)
        or a.version <> count(e.version) or a.version <> coalesce(max(e.version), 0)`,
  'entries are gap-free and carry the running balance': `
    select account, version from (
      select e.*, row_number() over w as n, sum(posted_delta) over w as posted,
             sum(held_delta) over w as held
        from ledger.entry e where tenant = $1
      window w as (partition by account order by version)) e
     where version <> n or posted_after <> posted or held_after <> held`,
  'entries are recorded in the order of their versions': `
    select account, version from (
      select account, version, recorded_at,
             lag(recorded_at) over (partition by account order by version) as before
        from ledger.entry where tenant = $1) e
     where recorded_at <= before`,
  'what is held is the sum of the open holds': `
    select a.account_id from ledger.account a
      left join ledger.hold h on h.account = a.id and h.state = 'held'
     where a.tenant = $1 group by a.id
    having a.held <> coalesce(sum(h.amount - h.captured - h.released), 0)`,
  'nobody has less available than the overdraft allows': `
    select account_id from ledger.account where tenant = $1 and kind <> 'internal'
     group by account_id having sum(posted - held) < -min(overdraft_limit)`,
  'a hold is open exactly while its operation is': `
    select o.op_id from ledger.hold h join ledger.operation o on o.id = h.op
     where o.tenant = $1 and (h.state = 'held') <> (o.state = 'IN_PROGRESS')`,
  'a captured hold is a settled operation': `
    select o.op_id from ledger.hold h join ledger.operation o on o.id = h.op
     where o.tenant = $1 and (h.state = 'captured') <> (o.state = 'COMPLETED')`,
  'a completed operation moved what it says, a failed one nothing': `
    select o.op_id from ledger.operation o
      left join ledger.entry e on e.op = o.id and e.posted_delta < 0
     where o.tenant = $1 and o.domain <> 'Account' and o.state <> 'IN_PROGRESS'
     group by o.id
    having coalesce(-sum(e.posted_delta), 0)
        <> case o.state when 'COMPLETED' then (o.outcome ->> 'minor')::bigint else 0 end`,
  'a payment taken at once moved its amount': `
    select o.op_id from ledger.operation o
     where o.tenant = $1 and o.domain = 'Payment' and o.state = 'COMPLETED'
       and o.command #>> '{payload,capture}' = 'automatic'
       and (o.outcome ->> 'minor')::bigint <> o.amount`,
  'no more is on its way back than was captured': `
    select h.op from ledger.hold h join ledger.hold r on r.parent = h.op
     where h.tenant = $1 group by h.op, h.captured
    having sum(r.amount - r.released) > h.captured`,
  'an operation is never settled and released': `
    select op from ledger.step where tenant = $1 and step in ('settle', 'release')
     group by op having count(*) > 1`,
  'events are numbered without a gap': `
    select o.op_id from ledger.operation o left join ledger.outbox x on x.op = o.id
     where o.tenant = $1 group by o.id
    having o.seq <> count(x.id) or o.seq <> coalesce(max(x.seq), 0) or min(x.seq) <> 1`,
  'each step has its audit line': `
    select o.op_id from ledger.operation o where o.tenant = $1
       and (select count(*) from ledger.step s where s.op = o.id)
        <> (select count(*) from ledger.audit a
             where a.op = o.id and a.action !~ '^(case|approval)[.]')`,
  'what a second person said is of another person, and has its audit line': `
    select o.op_id from ledger.operation o join ledger.approval p on p.op = o.id
     where o.tenant = $1 and (p.principal in (o.principal, o.actor) or 1 <> (
       select count(*) from ledger.audit a
        where a.op = o.id and a.action = 'approval.' || p.verdict
          and a.principal = p.principal))`,
  'an operation that is parked has its open case, and no other has one': `
    select o.op_id from ledger.operation o
      left join ledger.case c on c.op = o.id and c.kind = 'parked' and c.state <> 'ended'
     where o.tenant = $1 and (o.phase is not distinct from 'parked') <> (c.id is not null)`,
  'an open case says what is still held': `
    select c.case_id from ledger.case c left join ledger.hold h on h.op = c.op
     where c.tenant = $1 and c.kind = 'parked' and c.state <> 'ended'
       and c.amount_at_risk <> coalesce(h.amount - h.captured - h.released, 0)`,
  'what was done by hand was approved by two people': `
    select o.op_id from ledger.operation o where o.tenant = $1 and o.outcome ->> 'byHand' = 'true'
       and 2 > (select count(distinct a.principal) from ledger.audit a where a.op = o.id
         and a.action in ('case.release', 'case.settle'))`,
  'rows carry the tenant and the trace of their operation': `
    select o.op_id from ledger.operation o join (
      select op, tenant, trace from ledger.entry union all select op, tenant, trace from ledger.step
      union all select op, tenant, trace from ledger.hold
      union all select op, tenant, trace from ledger.attempt
      union all select op, tenant, trace from ledger.outbox
      union all select op, tenant, trace from ledger.audit) r on r.op = o.id
     where o.tenant = $1 and (r.tenant, r.trace) is distinct from (o.tenant, o.trace)`,
  'the accounts of a tenant sum to zero': `
    select currency from ledger.account where tenant = $1
     group by currency having sum(posted) <> 0`,
  'the ledger agrees with its own check': `
    select account_id from ledger.balance_check_v1($1) where agrees is not true`,
};

/** The rules that do not hold, with how many rows break each; empty when all is well. */
export const violationsQuery = Object.entries(rules)
  .map(
    ([rule, query]) =>
      `select '${rule}' as rule, count(*)::int as rows from (${query}) q having count(*) > 0`,
  )
  .join('\nunion all\n');
