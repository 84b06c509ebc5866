-- Who may call the verbs that came after the first migration.
revoke all on all functions in schema ledger from public;
grant execute on function ledger.hold_v2(jsonb), ledger.hold_refund_v1(jsonb),
  ledger.hold_payout_v1(jsonb), ledger.capture_v1(text, text, bigint, boolean, int),
  ledger.attempt_v1(text, text, int, bigint),
  ledger.extend_hold_v1(text, text, timestamptz), ledger.settle_v2(text, text, jsonb, boolean),
  ledger.release_v2(jsonb, jsonb), ledger.note_phase_v2(text, text, text, jsonb, text)
  to holdfast_worker;
