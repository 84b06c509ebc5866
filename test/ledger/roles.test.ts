import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import { accountIdOf } from '../../src/domain/index.js';
import { createLedger } from '../../src/ledger/index.js';
import { createReads } from '../../src/ledger/reads.js';
import { aWorld } from './world.js';

const here = aWorld();
const denied = '42501';

describe('the roles', () => {
  let reader: Database;
  let worker: Database;
  beforeAll(() => {
    const { readerUrl, workerUrl } = here.world.urls;
    const settings = { poolMax: 1, applicationName: 'test-roles' };
    reader = createDatabase({ ...settings, url: readerUrl });
    worker = createDatabase({ ...settings, url: workerUrl });
  });
  afterAll(() => Promise.all([reader.close(1_000), worker.close(1_000)]));

  const tables = [
    ...['account', 'attempt', 'audit', 'entry', 'hold', 'operation', 'outbox', 'step'],
    ...['webhook', 'case', 'approval', 'delivery', 'upload', 'upload_part'],
    ...['recipient', 'recipient_address', 'notice', 'notice_delivery'],
  ];
  const direct = tables.flatMap((table) =>
    (['insert', 'update', 'delete', 'truncate'] as const).map((way) => [way, table] as const),
  );

  test.each(direct)('may not %s %s past the verbs', async (way, table) => {
    const statement = {
      insert: `insert into ledger.${table} default values`,
      update: `update ledger.${table} set tenant = 'mine'`,
      delete: `delete from ledger.${table}`,
      truncate: `truncate ledger.${table} cascade`,
    }[way];
    const text = [statement] as unknown as TemplateStringsArray;

    for (const role of [worker, reader]) {
      await expect(role.sql(text)).rejects.toMatchObject({ code: denied });
    }
  });

  test('let the reader read and execute no verb of money', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const ledger = createLedger(reader);
    const reads = createReads(reader);
    const envelope = tenant.payment({ account: 'alice', amount: 1 });
    const ride = tenant.ride({ account: 'alice', amount: 1 });
    const before = await tenant.everything();
    const refusal = { kind: 'fail', code: 'withdrawn', message: '' } as const;
    const whole = { final: true, tolerancePercent: 0 };
    const seen = { attempt: 1, size: 1, sha256: '', mediaType: '' };

    const verbs = [
      () => ledger.schedule(envelope),
      () => ledger.hold(envelope),
      () => ledger.holdRefund(tenant.refund({ payment: envelope.opId })),
      () => ledger.holdPayout(tenant.payout({ account: 'alice', amount: 1 })),
      () => ledger.requestRide(ride),
      () => ledger.holdRide(ride, { driver: accountIdOf('bob') }),
      () => ledger.endRide(ride.opId, 'no-driver', ''),
      () => ledger.endApproval(envelope.opId),
      () => ledger.chooseMethod(envelope.opId, 'balance'),
      () => ledger.beginCapture(envelope.opId, { step: 'capture.1', ...whole }),
      () => ledger.writeAttempt(envelope.opId, 'void.1', 1, 1),
      () => ledger.beginLate(tenant.payment({ account: 'alice', amount: 1 }) as never),
      () => ledger.endLate(envelope.opId, { kind: 'gone' }),
      () => ledger.extendHold(envelope.opId, 'extend.1', Date.now()),
      () => ledger.claimUpload(tenant.upload({ account: 'alice', amount: 1 })),
      () => ledger.completeUpload(envelope.opId, 1),
      () => ledger.beginUploadAttempt(envelope.opId, 0),
      () => ledger.verifyUpload(envelope.opId, 2, seen),
      () => ledger.commitUpload(envelope.opId, { kind: 'by-hand', by: ['one', 'two'] }),
      () => ledger.abortUpload(envelope, { kind: 'withdrawn' }),
      () => ledger.deleteFile(tenant.deletion(tenant.upload({ account: 'alice', amount: 1 }))),
      () => ledger.release(envelope, { kind: 'withdrawn' }),
      () => ledger.settle(envelope.opId, { kind: 'internal' }),
      () => ledger.notePhase(envelope.opId, 'doubt.1', 'in-doubt', {}),
      () => ledger.acceptNotice(tenant.notice(), 'rcp_1', 20),
      () => ledger.beginDelivery(envelope.opId, 'sms', 1, ''),
      () => ledger.recordDelivery(envelope.opId, '', refusal),
      () => ledger.finishNotice(envelope.opId, refusal),
      () => ledger.fund(tenant.funding({ account: 'alice', amount: 1 })),
      () => ledger.openAccount(tenant.opening({ account: 'bob' })),
      () => ledger.editAccount(tenant.edit({ account: 'alice', version: 1, status: 'open' })),
      () => ledger.acceptOrder(envelope as never),
      () => ledger.turnOrder(envelope.opId, 'withdrawn'),
      () => ledger.readPaid(envelope.opId),
      () => ledger.endOrder(envelope.opId),
      // new operations go above this line
    ];
    // All but the one that only reads.
    expect(verbs).toHaveLength(Object.keys(ledger).length - 1);
    for (const verb of verbs) await expect(verb()).rejects.toMatchObject({ code: denied });

    expect(await tenant.everything()).toBe(before);
    expect(await reads.balanceCheck(tenant.tenant)).not.toHaveLength(0);
    expect(await reads.balanceAt(tenant.tenant, 'alice' as never, '2020-01-01')).toBeUndefined();
  });

  test('let nobody but the owner call what the verbs are made of', async () => {
    const parts = await here.world.rows<{ name: string; role: string }>(
      `select p.proname as name, r.role
         from pg_proc p, (values ('holdfast_worker'), ('holdfast_reader')) r (role)
        where p.pronamespace = 'ledger'::regnamespace
          and has_function_privilege(r.role, p.oid, 'execute') order by 1, 2`,
    );
    const both = [
      'balance_at_v1',
      'balance_check_v1',
      'breaker_read_v1',
      'clock',
      'operate_breaker_v1',
      'record_webhook_v1',
      'violations_v1',
      'waiting_webhooks_v1',
      'webhook_applied_v1',
      ...['breaker_report_v1', 'lock_upload_v1', 'record_part_v1', 'unlock_upload_v1'],
    ];
    const verbs = [
      ...['begin_late_v1', 'end_late_v1'],
      ...[
        'attempt_v1',
        'capture_v1',
        'capture_v2',
        'capture_v3',
        'edit_account_v1',
        'extend_hold_v1',
        'fund_v1',
        'hold_v1',
      ],
      ...[
        'hold_v3',
        'hold_ride_v2',
        'hold_v2',
        'hold_payout_v1',
        'hold_refund_v1',
        'note_phase_v1',
        'note_phase_v2',
      ],
      ...['lease_events_v1', 'mark_published_v1', 'move_cursor_v1', 'prune_v1', 'see_findings_v1'],
      ...['alert_sent_v1', 'lease_alerts_v1', 'pulse_v1', 'raise_alert_v1', 'raise_alerts_v1'],
      ...['open_sink_v1', 'lease_deliveries_v1', 'deliver_v1', 'refuse_deliveries_v1'],
      ...['choose_method_v1', 'end_approval_v1', 'schedule_v1', 'refuse_deliveries_v2'],
      ...['end_ride_v1', 'hold_ride_v1', 'request_ride_v1'],
      ...['claim_upload_v1', 'begin_upload_attempt_v1', 'advance_upload_v1', 'commit_upload_v1'],
      ...['abort_upload_v1', 'delete_file_v1', 'swept_uploads_v1'],
      ...['accept_notice_v1', 'begin_delivery_v1', 'record_delivery_v1', 'finish_notice_v1'],
      ...['open_account_v1', 'release_v1', 'release_v2', 'settle_v1', 'settle_v2'],
      'accept_order_v1',
      'end_order_v1',
      'paid_v1',
      'turn_order_v1',
      // new operations go above this line
    ];

    const of = (role: string) => parts.filter((part) => part.role === role).map(({ name }) => name);
    expect(of('holdfast_reader')).toEqual(
      [
        ...[...both, 'accept_finding_v1', 'approve_v1', 'case_act_v1', 'close_sink_v1'],
        ...['correct_finding_v1', 'redeliver_v1', 'case_act_v2'],
        ...['put_recipient_v1', 'report_delivery_v1'],
      ].sort(),
    );
    expect(of('holdfast_worker')).toEqual([...both, ...verbs].sort());
  });

  test('pin the limits of a statement and of a lock', async () => {
    const text = [
      `select current_setting('lock_timeout') as lock,
              current_setting('statement_timeout') as statement,
              current_setting('transaction_isolation') as isolation`,
    ] as unknown as TemplateStringsArray;

    expect(await worker.sql(text)).toEqual([
      { lock: '2s', statement: '3s', isolation: 'read committed' },
    ]);
  });
});
